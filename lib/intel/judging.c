/* SPDX-License-Identifier: BSD-3-Clause */
/* judging.c - what a configuration says to judge indicators by: lists, sources, overrides, own
 * networks. Control threads. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sightline/addr.h>
#include <sightline/config.h>
#include <sightline/lists.h>
#include <sightline/policy.h>

static int lists_open(struct sl_judging *j, const struct sl_config *c, sl_lists_fn tell, void *arg,
	char *err, size_t err_len)
{
	size_t n;
	const char *const *spec = sl_config_list(c, "warninglists", &n);
	int rc = sl_lists_new(&j->lists);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = sl_lists_read(j->lists, spec[i], tell, arg);
		if (rc < 0)
			snprintf(err, err_len, "warninglists: %.200s: %s", spec[i],
				rc == -EINVAL  ? "no warninglist, or no role of this name; a plain "
						 "list needs one: popular=FILE"
				: rc == -E2BIG ? "more than is read"
					       : strerror(-rc));
	}
	return rc;
}

int sl_judging_policy(struct sl_policy **out, const struct sl_config *c, char *err, size_t err_len)
{
	size_t n;
	char why[320] = "no memory";
	const char *const *line = sl_config_list(c, "sources", &n);
	int rc = sl_policy_new(out);
	for (size_t i = 0; rc == 0 && i < n; i++)
		if ((rc = sl_policy_source(*out, line[i], why, sizeof(why))) < 0)
			snprintf(err, err_len, "sources: \"%.100s\": %s", line[i], why);
	line = sl_config_list(c, "overrides", &n);
	for (size_t i = 0; rc == 0 && i < n; i++)
		if ((rc = sl_policy_override(*out, line[i], why, sizeof(why))) < 0)
			snprintf(err, err_len, "overrides: \"%.100s\": %s", line[i], why);
	return rc;
}

static int home_open(struct sl_judging *j, const struct sl_config *c, char *err, size_t err_len)
{
	size_t n;
	const char *const *net = sl_config_list(c, "home_net", &n);
	int rc = sl_nets_new(&j->home);
	for (size_t i = 0; rc == 0 && i < n; i++)
		if ((rc = sl_nets_add(j->home, net[i], strlen(net[i]))) == -EINVAL)
			snprintf(err, err_len,
				"home_net: '%.100s' is neither an address nor a prefix such as "
				"10.0.0.0/8",
				net[i]);
	return rc;
}

int sl_judging_open(struct sl_judging *out, const struct sl_config *c, sl_lists_fn tell, void *arg,
	char *err, size_t err_len)
{
	struct sl_judging j = { 0 };
	snprintf(err, err_len, "no memory to judge indicators with");
	int rc = sl_judging_policy(&j.policy, c, err, err_len);
	if (rc == 0)
		rc = home_open(&j, c, err, err_len);
	if (rc == 0)
		rc = lists_open(&j, c, tell, arg, err, err_len);
	if (rc < 0) {
		sl_judging_close(&j);
		return rc;
	}
	*out = j;
	return 0;
}

void sl_judging_close(struct sl_judging *j)
{
	sl_lists_free(j->lists);
	sl_policy_free(j->policy);
	sl_nets_free(j->home);
	*j = (struct sl_judging){ 0 };
}
