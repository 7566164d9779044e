/* SPDX-License-Identifier: BSD-3-Clause */
/* refang.c - what people write so that nobody clicks on it, made plain again. Pure. */
#include <string.h>
#include <strings.h>

#include <sightline/intel.h>

/* Longer ones first. */
static const struct {
	const char *from, *to;
} anywhere[] = {
	{ "[dot]", "." },
	{ "(dot)", "." },
	{ "{dot}", "." },
	{ "[://]", "://" },
	{ "[at]", "@" },
	{ "(at)", "@" },
	{ "{at}", "@" },
	{ "[.]", "." },
	{ "(.)", "." },
	{ "{.}", "." },
	{ "[:]", ":" },
	{ "(:)", ":" },
	{ "[/]", "/" },
	{ "[@]", "@" },
	{ "(@)", "@" },
	{ "[.", "." },
	{ ".]", "." },
};

/* Words that stand for a scheme, in front only. */
static const struct {
	const char *from, *to;
} schemes[] = {
	{ "hxxps", "https" },
	{ "hxxp", "http" },
	{ "h**ps", "https" },
	{ "h**p", "http" },
	{ "httxs", "https" },
	{ "httx", "http" },
	{ "hxtps", "https" },
	{ "hxtp", "http" },
	{ "htxps", "https" },
	{ "htxp", "http" },
	{ "meows", "https" },
	{ "meow", "http" },
	{ "fxps", "ftps" },
	{ "fxp", "ftp" },
};

struct out {
	char *p;
	size_t used, cap;
	bool full;
};

static void put(struct out *o, const char *p, size_t len)
{
	if (o->cap - o->used < len) {
		o->full = true;
		return;
	}
	memcpy(o->p + o->used, p, len);
	o->used += len;
}

static bool begins(const char *p, size_t len, const char *with)
{
	size_t n = strlen(with);
	return len >= n && strncasecmp(p, with, n) == 0;
}

/* The scheme's word is one only before "://", however that is written. */
static size_t scheme(const char *p, size_t len, struct out *o)
{
	if (len == 0 || memchr(p, '/', len) == NULL)
		return 0;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t n = strlen(schemes[i].from);
		if (!begins(p, len, schemes[i].from))
			continue;
		if (begins(p + n, len - n, "://") || begins(p + n, len - n, "[:]//") ||
			begins(p + n, len - n, "(:)//") || begins(p + n, len - n, "[://]")) {
			put(o, schemes[i].to, strlen(schemes[i].to));
			return n;
		}
	}
	return 0;
}

static size_t replaced(const char *p, size_t len, struct out *o)
{
	if (p[0] != '[' && p[0] != '(' && p[0] != '{' && (p[0] != '.' || len < 2 || p[1] != ']'))
		return 0;
	for (size_t i = 0; i < sizeof(anywhere) / sizeof(anywhere[0]); i++)
		if (begins(p, len, anywhere[i].from)) {
			put(o, anywhere[i].to, strlen(anywhere[i].to));
			return strlen(anywhere[i].from);
		}
	return 0;
}

size_t sl_refang(const char *text, size_t len, char *out, size_t cap, bool *changed)
{
	struct out o = { .p = out, .cap = cap };
	size_t at = scheme(text, len, &o);
	*changed = at > 0;
	while (at < len && !o.full) {
		size_t n = replaced(text + at, len - at, &o);
		if (n > 0) {
			*changed = true;
			at += n;
		} else {
			put(&o, text + at++, 1);
		}
	}
	return o.full ? 0 : o.used;
}
