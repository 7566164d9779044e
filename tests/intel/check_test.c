/* SPDX-License-Identifier: BSD-3-Clause */
/* check_test.c - folders, files that are none, and what `intel check` writes and returns. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reading.h"

static char root[] = "/tmp/sightline-intel-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", root, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int make(void **state)
{
	char path[256];
	if (mkdtemp(root) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/sub", root);
	mkdir(path, 0700);
	put("b.txt", "b.example\n0.0.0.0\n");
	put("a.txt", "a.example\n");
	put(".hidden", "hidden.example\n");
	put("NOTES", "Words that nobody\nshould take for a list.\n");
	put("sub/c.csv", "value,name\nc.example,\x1b[31mred\n");
	snprintf(path, sizeof(path), "%s/sub/loop", root);
	if (symlink("..", path) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/link.txt", root);
	return symlink("a.txt", path);
}

static int clean(void **state)
{
	static const char *const names[] = { "b.txt", "a.txt", ".hidden", "NOTES", "sub/c.csv",
		"sub/loop", "link.txt", "gone" };
	char path[256];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", root, names[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/sub", root);
	rmdir(path);
	return rmdir(root);
}

static char *check(const char *path, bool json, int want)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	assert_int_equal(sl_intel_check(&path, 1, json, out), want);
	fclose(out);
	return text;
}

static void folder(void **state)
{
	struct read r = { 0 };
	struct sl_intel_options o = {
		.validity = SL_VALID_IGNORE, .finding = read_said, .arg = &r
	};
	assert_int_equal(sl_intel_new(&r.set), 0);
	assert_int_equal(sl_intel_read(r.set, root, &o), 0);
	r.ind = spelled_out(r.set, &r.count);
	assert_int_equal(r.count, 4);
	assert_string_equal(r.ind[0].value, "a.example");
	assert_string_equal(r.ind[1].value, "b.example");
	assert_string_equal(r.ind[2].value, "a.example");
	assert_string_equal(r.ind[2].source, "link.txt");
	assert_string_equal(r.ind[3].value, "c.example");
	assert_string_equal(r.said, "0 NO_INTEL\n2 BAD_ADDRESS\n");
	assert_true(sl_intel_bytes(r.set) > 4 * sizeof(struct sl_indicator));
	read_free(&r);
}

static void lines(void **state)
{
	char want[1024];
	char *text = check(root, false, 1);
	snprintf(want, sizeof(want),
		"%s/NOTES:0 - context NO_INTEL No intelligence was recognised in this file.\n"
		"%s/b.txt:2 - refused BAD_ADDRESS The unspecified address is nobody's. (0.0.0.0)\n"
		"%s/NOTES: 0 armed, 0 quiet, 0 refused, 1 context\n"
		"%s/a.txt: list: 1 armed, 0 quiet, 0 refused, 0 context\n"
		"%s/b.txt: list: 1 armed, 0 quiet, 1 refused, 0 context\n"
		"%s/link.txt: list: 1 armed, 0 quiet, 0 refused, 0 context\n"
		"%s/sub/c.csv: csv: 1 armed, 0 quiet, 0 refused, 0 context\n",
		root, root, root, root, root, root, root);
	assert_string_equal(text, want);
	free(text);
}

static void objects(void **state)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/b.txt", root);
	char *text = check(path, true, 1);
	char want[1024];
	snprintf(want, sizeof(want),
		"{\"file\":\"%s\",\"line\":1,\"id\":\"b.example\",\"verdict\":\"armed\",\"code\":"
		"\"\","
		"\"reason\":\"\",\"part\":\"b.example\",\"suggestion\":\"\",\"scope\":\"\"}\n"
		"{\"file\":\"%s\",\"line\":2,\"id\":\"\",\"verdict\":\"refused\","
		"\"code\":\"BAD_ADDRESS\",\"reason\":\"The unspecified address is nobody's.\","
		"\"part\":\"0.0.0.0\",\"suggestion\":\"\",\"scope\":\"\"}\n",
		path, path);
	assert_string_equal(text, want);
	free(text);
}

/* An indicator that falls apart has one verdict, a line for each part that is not armed, and is not
 * "all armed". */
static void parts(void **state)
{
	char path[256], want[2048];
	snprintf(path, sizeof(path), "%s/gone", root);
	put("gone",
		"{\"id\":\"i\",\"pattern\":\"[domain-name:value IN ('a.example', 'b.example') OR "
		"network-traffic:dst_port = 53]\"}\n");
	char *text = check(path, false, 1);
	snprintf(want, sizeof(want),
		"%s:1 i refused LONE_PORT Any traffic on this port would be a hit. "
		"([network-traffic:dst_port = 53]), scope message; instead: ",
		path);
	if (strncmp(text, want, strlen(want)) != 0)
		fail_msg("%s", text);
	snprintf(want, sizeof(want),
		"\n%s:1 i armed PARTS 1 of 2 parts are armed.\n"
		"%s: native: 1 armed, 0 quiet, 0 refused, 0 context, 1 of these in part only\n",
		path, path);
	assert_non_null(strstr(text, want));
	free(text);
	text = check(path, true, 1);
	size_t lines = 0;
	for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	assert_int_equal(lines, 4); /* two names, the port, the whole */
	snprintf(want, sizeof(want),
		"{\"file\":\"%s\",\"line\":1,\"id\":\"i\",\"verdict\":\"armed\",\"code\":\"PARTS\","
		"\"reason\":\"1 of 2 parts are armed.\",\"part\":\"\",\"suggestion\":\"\","
		"\"scope\":\"\"}\n",
		path);
	assert_non_null(strstr(text, want));
	free(text);
}

static void exits(void **state)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/a.txt", root);
	free(check(path, false, 0));
	snprintf(path, sizeof(path), "%s/NOTES", root);
	free(check(path, false, 1));
	snprintf(path, sizeof(path), "%s/gone", root);
	char *text = check(path, false, 2);
	assert_non_null(strstr(text, "gone:0 - refused UNREADABLE No such file or directory\n"));
	free(text);
	put("gone", "\x1f\x8b\x08"); /* a gzip file cut in its header */
	text = check(path, false, 2);
	assert_non_null(strstr(text, "DAMAGED"));
	free(text);
}

/* The set of real feeds, where it is at hand: nothing crashes, and what was derived from captures
 * is read to the last entry. */
static void real(void **state)
{
	static const struct {
		const char *file;
		size_t armed, refused;
	} rows[] = {
		{ "iocs.stix21.json", 275, 110 },
		{ "decoys.jsonl", 150, 0 },
		{ "iocs.csv", 425, 110 },
	};
	/* Beside the project, seen from it or from its build folder. */
	const char *data[] = { getenv("SIGHTLINE_DATA"), "../shared/data", "../../shared/data" };
	char path[512] = "";
	for (size_t i = 0; i < 3 && access(path, R_OK) < 0; i++)
		snprintf(path, sizeof(path), "%s/intel", data[i] != NULL ? data[i] : "");
	if (data[0] != NULL && strcmp(data[0], "none") == 0) {
		skip(); /* asked for; tests/run.sh tells that data is left out */
		return;
	}
	assert_int_equal(access(path, R_OK), 0);
	struct sl_intel_options o = { .validity = SL_VALID_IGNORE };
	struct sl_intel *set;
	assert_int_equal(sl_intel_new(&set), 0);
	assert_int_equal(sl_intel_read(set, path, &o), 0);
	size_t count, sources, seen = 0;
	spelled_out(set, &count);
	assert_true(count > 200000);
	const struct sl_intel_source *s = sl_intel_sources(set, &sources);
	for (size_t i = 0; i < sources; i++)
		for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
			const char *slash = strrchr(s[i].path, '/');
			if (strstr(s[i].path, "derived-from-pcaps/") == NULL ||
				strcmp(slash + 1, rows[k].file) != 0)
				continue;
			seen++;
			/* What is refused now is what no parser sees yet; none may be lost. */
			uint64_t used = s[i].count[SL_ARMED] + s[i].count[SL_QUIET];
			assert_int_equal(
				used + s[i].count[SL_REFUSED], rows[k].armed + rows[k].refused);
			assert_true(used >= rows[k].armed);
		}
	assert_int_equal(seen, sizeof(rows) / sizeof(rows[0]));
	sl_intel_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folder),
		cmocka_unit_test(lines),
		cmocka_unit_test(objects),
		cmocka_unit_test(exits),
		cmocka_unit_test(parts),
		cmocka_unit_test(real),
	};
	return cmocka_run_group_tests(tests, make, clean);
}
