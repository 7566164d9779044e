/* SPDX-License-Identifier: BSD-3-Clause */
/* look.c - the order of the examination, and how it reads. Control threads; changes nothing. */
#include "look.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *sl_host_grade_text(enum sl_host_grade grade)
{
	static const char *const text[] = { "ok", "warning", "wrong" };
	return text[grade];
}

void tell(const struct look *l, enum sl_host_grade grade, const char *topic, const char *mend,
	const char *what, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, what);
	vsnprintf(text, sizeof(text), what, ap);
	va_end(ap);
	l->fn(l->arg, &(struct sl_host_finding){ grade, topic, text, mend });
}

/* False: the path is too long. */
static bool below(const struct look *l, char out[PATH_MAX], const char *path, va_list ap)
{
	size_t n = strlen(l->root);
	if (n >= PATH_MAX)
		return false;
	memcpy(out, l->root, n);
	int more = vsnprintf(out + n, PATH_MAX - n, path, ap);
	return more >= 0 && (size_t)more < PATH_MAX - n;
}

#define BELOW(l, out, path)                                                                        \
	({                                                                                         \
		va_list ap_;                                                                       \
		va_start(ap_, path);                                                               \
		bool ok_ = below(l, out, path, ap_);                                               \
		va_end(ap_);                                                                       \
		ok_;                                                                               \
	})

static bool whole_text(const char *path, char *buf, size_t cap)
{
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return false;
	size_t n = fread(buf, 1, cap, f);
	bool good = !ferror(f) && n < cap;
	fclose(f);
	while (good && n > 0 && isspace((unsigned char)buf[n - 1]))
		n--;
	if (good)
		buf[n] = '\0';
	return good;
}

bool look_text(const struct look *l, char *buf, size_t cap, const char *path, ...)
{
	char at[PATH_MAX];
	return BELOW(l, at, path) && whole_text(at, buf, cap);
}

bool look_u64(const struct look *l, uint64_t *out, const char *path, ...)
{
	char at[PATH_MAX], text[64], *end;
	if (!BELOW(l, at, path) || !whole_text(at, text, sizeof(text)))
		return false;
	uint64_t v = strtoull(text, &end, 0);
	if (end == text || *end != '\0')
		return false;
	*out = v;
	return true;
}

bool look_there(const struct look *l, const char *path, ...)
{
	char at[PATH_MAX];
	return BELOW(l, at, path) && access(at, F_OK) == 0;
}

static bool leads_to(const char *at, char *buf, size_t cap)
{
	char *to = realpath(at, NULL);
	bool good = to != NULL && strlen(to) < cap;
	if (good)
		memcpy(buf, to, strlen(to) + 1);
	free(to);
	return good;
}

bool look_link(const struct look *l, char *buf, size_t cap, const char *path, ...)
{
	char at[PATH_MAX];
	return BELOW(l, at, path) && leads_to(at, buf, cap);
}

void look_link_name(const struct look *l, char name[LOOK_NAME], const char *path, ...)
{
	char at[PATH_MAX], to[PATH_MAX];
	name[0] = '\0';
	if (!BELOW(l, at, path) || !leads_to(at, to, sizeof(to)))
		return;
	const char *last = strrchr(to, '/');
	snprintf(name, LOOK_NAME, "%s", last != NULL ? last + 1 : to);
}

static int is_shown(const struct dirent *e)
{
	return e->d_name[0] != '.' && strlen(e->d_name) < LOOK_NAME;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

void look_folder(const struct look *l, bool (*fn)(void *arg, const char *name), void *arg,
	const char *path, ...)
{
	char at[PATH_MAX];
	struct dirent **names = NULL;
	int n = BELOW(l, at, path) ? scandir(at, &names, is_shown, by_name) : 0;
	bool on = true;
	for (int i = 0; i < n; i++) {
		on = on && fn(arg, names[i]->d_name);
		free(names[i]);
	}
	free(names);
}

void look_lines(
	const struct look *l, const char *path, bool (*fn)(void *arg, const char *line), void *arg)
{
	char at[PATH_MAX];
	int n = snprintf(at, sizeof(at), "%s%s", l->root, path);
	FILE *f = n > 0 && n < PATH_MAX ? fopen(at, "re") : NULL;
	if (f == NULL)
		return;
	char *line = NULL;
	size_t cap = 0;
	for (ssize_t len; (len = getline(&line, &cap, f)) >= 0;) {
		if (len > 0 && line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (!fn(arg, line))
			break;
	}
	free(line);
	fclose(f);
}

void look_cpus(const char *list, cpu_set_t *set)
{
	CPU_ZERO(set);
	while (isdigit((unsigned char)*list)) {
		char *end;
		unsigned long first = strtoul(list, &end, 10), last = first;
		if (*end == '-' && isdigit((unsigned char)end[1]))
			last = strtoul(end + 1, &end, 10);
		for (unsigned long i = first; i <= last && i < CPU_SETSIZE; i++)
			CPU_SET(i, set);
		list = *end == ',' ? end + 1 : end;
	}
}

void look_cpus_text(const cpu_set_t *set, char *buf, size_t cap)
{
	size_t at = 0;
	buf[0] = '\0';
	for (int i = 0; i < CPU_SETSIZE && at < cap; i++) {
		if (!CPU_ISSET(i, set))
			continue;
		int last = i;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, set))
			last++;
		int n = last > i ? snprintf(buf + at, cap - at, "%s%d-%d", at ? "," : "", i, last)
				 : snprintf(buf + at, cap - at, "%s%d", at ? "," : "", i);
		at += n > 0 ? (size_t)n : 0;
		i = last;
	}
}

bool look_word(const char *text, const char *word)
{
	size_t n = strlen(word);
	for (const char *p = text; (p = strstr(p, word)) != NULL; p += n)
		if ((p == text || isspace((unsigned char)p[-1])) &&
			(p[n] == '\0' || isspace((unsigned char)p[n])))
			return true;
	return false;
}

bool look_modules(const struct look *l)
{
	char cmdline[4096] = "", release[128] = "";
	uint64_t disabled = 0;
	(void)look_text(l, cmdline, sizeof(cmdline), "/proc/cmdline");
	(void)look_text(l, release, sizeof(release), "/proc/sys/kernel/osrelease");
	(void)look_u64(l, &disabled, "/proc/sys/kernel/modules_disabled");
	return disabled == 0 && !look_word(cmdline, "nomodule") &&
	       look_there(l, "/lib/modules/%s", release);
}

void sl_host_look(const char *root, sl_host_fn fn, void *arg)
{
	static void (*const steps[])(const struct look *) = { look_cpu, look_numa, look_isolated,
		look_governor, look_clock, look_huge_pages, look_iommu, look_nics, look_rights };
	struct look l = { root, root[0] != '\0', fn, arg };
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		steps[i](&l);
}
