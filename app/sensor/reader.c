/* SPDX-License-Identifier: BSD-3-Clause */
/* reader.c - how this sensor reads indicators: all files in a builder, single lines on the control
 * thread. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sightline/log.h>

#include "builder.h"

#define TOLD_MAX 20 /* findings told one by one at a load; the rest are counted */

static void tell_finding(void *arg, const struct sl_finding *f)
{
	struct reader *r = arg;
	if (strcmp(f->code, "OVERRIDDEN") == 0)
		cache_say(r->notes, false, "%s: %s is %s: %s", f->file, f->id,
			sl_intel_verdict_text(f->verdict), f->reason);
	sl_count(r->counters, SL_C_INTEL_IMPACT,
		f->verdict == SL_QUIET && strcmp(f->code, "HIGH_IMPACT") == 0);
	if (f->verdict == SL_QUIET) /* the counts tell; sightline intel check lists them */
		return;
	if (f->verdict != SL_REFUSED || strcmp(f->code, "URL_HOST_ONLY") == 0)
		return;
	bool whole = strcmp(f->code, "PARTS") == 0; /* its parts are told one by one */
	if (f->verdict == SL_REFUSED && !whole)
		sl_count(r->counters, SL_C_FEED_BAD, 1);
	if (whole || r->told++ >= TOLD_MAX)
		return;
	const char *sep = f->part[0] != '\0' ? ": " : "";
	if (f->line > 0)
		cache_say(r->notes, true, "%s:%" PRIu64 ": %s, %s: %s%s%s", f->file, f->line,
			sl_intel_verdict_text(f->verdict), f->code, f->reason, sep, f->part);
	else
		cache_say(r->notes, true, "%s: %s, %s: %s%s%s", f->file,
			sl_intel_verdict_text(f->verdict), f->code, f->reason, sep, f->part);
}

enum sl_validity reader_validity(const struct sl_config *c)
{
	const char *v = sl_config_text(c, "validity");
	size_t ports;
	(void)sl_config_list(c, "port", &ports);
	if (v == NULL)
		return ports > 0 ? SL_VALID_PACKET : SL_VALID_IGNORE;
	if (strcmp(v, "packet") == 0)
		return SL_VALID_PACKET;
	return strcmp(v, "now") == 0 ? SL_VALID_NOW : SL_VALID_IGNORE;
}

struct sl_intel_options reader_options(struct reader *r, const struct sl_judging *by)
{
	struct sl_intel_options o = { .validity = reader_validity(r->config),
		.now_ns = r->now_ns,
		.taken_as_said = by == NULL,
		.finding = tell_finding,
		.arg = r };
	if (by != NULL) {
		o.lists = by->lists;
		o.policy = by->policy;
		o.home = by->home;
		o.impact_hosts = (unsigned)sl_config_u64(r->config, "impact_hosts");
		o.impact_percent = (unsigned)sl_config_u64(r->config, "impact_percent");
	}
	r->told = 0;
	return o;
}

/* Reads what was handed out, which is soon replaced by other files, and every path of a list into
 * one set. The first failure is returned, after all were tried. */
static int read_paths(struct reader *r, const char *key, const struct armory_paths *handed,
	struct sl_intel *in, const struct sl_judging *by)
{
	struct sl_intel_options o = reader_options(r, by);
	size_t n, more = handed != NULL ? handed->count : 0;
	const char *const *path = sl_config_list(r->config, key, &n);
	int rc = 0;
	for (size_t i = 0; i < n + more; i++) {
		int one = sl_intel_read(in, i < more ? handed->path[i] : path[i - more], &o);
		if (one < 0 && rc == 0)
			rc = one;
	}
	if (r->told > TOLD_MAX)
		cache_say(r->notes, true, "%u more findings; sightline intel check lists them all",
			r->told - TOLD_MAX);
	r->said |= rc < 0;
	if (rc < 0)
		sl_error(
			"%s: not everything that it names could be read (%s); mend the path or its "
			"permissions",
			key, strerror(-rc));
	return rc;
}

int reader_allow(struct reader *r, struct sl_intel **out)
{
	size_t n;
	(void)sl_config_list(r->config, "allow", &n);
	*out = NULL;
	if (n == 0)
		return 0;
	int rc = sl_intel_new(out);
	return rc < 0 ? rc : read_paths(r, "allow", NULL, *out, NULL);
}

/* The lists are read anew at each load, and let go after it: they are as large as a feed. */
int reader_intel(struct reader *r, const struct armory_paths *handed, struct sl_intel **in)
{
	struct sl_judging by;
	char err[512];
	*in = NULL;
	int rc = sl_judging_open(&by, r->config, NULL, NULL, err, sizeof(err));
	if (rc < 0) {
		sl_error("%s", err);
		r->said = true;
		return rc;
	}
	rc = sl_intel_new(in);
	if (rc == 0)
		rc = read_paths(r, "intel", handed, *in, &by);
	if (sl_policy_uses(by.policy) > 0)
		cache_say(r->notes, false, "verdicts that the configuration gave: %" PRIu64,
			sl_policy_uses(by.policy));
	sl_judging_close(&by);
	return rc;
}

int reader_home(struct reader *r, struct sl_nets **out)
{
	size_t n;
	const char *const *net = sl_config_list(r->config, "home_net", &n);
	int rc = sl_nets_new(out);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = sl_nets_add(*out, net[i], strlen(net[i]));
		r->said |= rc == -EINVAL;
		if (rc == -EINVAL)
			sl_error("--home-net: '%s' is neither an address nor a prefix such as "
				 "10.0.0.0/8",
				net[i]);
	}
	return rc;
}
