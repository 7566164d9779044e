/* SPDX-License-Identifier: BSD-3-Clause */
/* suffix.c - the public suffix list: below what names are registered. The one door to libpsl, which
 * reads Debian's `publicsuffix`, or else what it was built with. Never allocates when asked. */
#include <stdlib.h>
#include <string.h>

#include <libpsl.h>

#include "lists.h"

const char *sl_lists_suffixes_file(void)
{
	return psl_dist_filename();
}

struct suffixes {
	psl_ctx_t *psl;
};

struct suffixes *suffixes_new(void)
{
	struct suffixes *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	s->psl = psl_latest(NULL);
	if (s->psl != NULL)
		return s;
	free(s);
	return NULL;
}

void suffixes_free(struct suffixes *s)
{
	if (s != NULL)
		psl_free(s->psl);
	free(s);
}

static bool is_suffix(const struct suffixes *s, const char *name, int part)
{
	return psl_is_public_suffix2(s->psl, name, part | PSL_TYPE_NO_STAR_RULE) != 0;
}

/* The list's first part is of registries, its second of companies that give names to customers. */
enum sl_suffix suffixes_of(const struct suffixes *s, const char *name)
{
	const char *dot = strchr(name, '.');
	if (is_suffix(s, name, PSL_TYPE_ANY))
		return SL_SUFFIX_ITSELF;
	if (dot == NULL)
		return SL_SUFFIX_NO;
	const char *suffix = psl_unregistrable_domain(s->psl, name);
	bool private = suffix != NULL && strchr(suffix, '.') != NULL &&
		       is_suffix(s, suffix, PSL_TYPE_PRIVATE) &&
		       !is_suffix(s, suffix, PSL_TYPE_ICANN);
	return private ? SL_SUFFIX_BELOW_PRIVATE : SL_SUFFIX_BELOW;
}
