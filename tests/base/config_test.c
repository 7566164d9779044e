/* SPDX-License-Identifier: BSD-3-Clause */
/* config_test.c - the option table against command lines and YAML: what is taken, what is refused
 * and in which words, and that the effective print-out reads back as itself. */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <sightline/clock.h>
#include <sightline/config.h>

static const struct sl_opt opts[] = {
	{ "replay", "replay", 'r', SL_OPT_LIST, "FILE", .help = "read packets from a capture" },
	{ "intel", "intel", 'i', SL_OPT_LIST, "PATH", .help = "indicators to arm" },
	{ "rules", "rules", 'R', SL_OPT_LIST, "PATH",
		.missing = "rules come with a later version; use --intel", .help = "rules" },
	{ "emit", "emit", 0, SL_OPT_LIST, "KIND", .choices = "observables|sightings|flows",
		.comma = true, .help = "lines on stdout" },
	{ "home_net", "home-net", 0, SL_OPT_LIST, "CIDR,...", "10.0.0.0/8,192.168.0.0/16",
		.comma = true, .help = "own networks" },
	{ "workers", "workers", 'w', SL_OPT_U64, "N", "1", 1, 64, .help = "worker threads" },
	{ "validity", "validity", 0, SL_OPT_CHOICE, "V", .choices = "packet|ignore|now",
		.help = "which indicators are in force" },
	{ "ratio", "ratio", 0, SL_OPT_DOUBLE, "R", "0.5", 0, 1, .help = "share" },
	{ NULL, "once", 'o', SL_OPT_FLAG, .help = "command line only" },
	{ "huge", NULL, 0, SL_OPT_FLAG, .def = "true", .help = "huge pages" },
	{ "flow.max_flows", NULL, 0, SL_OPT_U64, .def = "1000", .min = 1, .max = 1e9, .help = "f" },
	{ "flow.memory", NULL, 0, SL_OPT_SIZE, .def = "64MiB", .min = 1 << 20, .max = 1e12,
		.help = "memory of the flow table" },
	{ "flow.timeout.udp", NULL, 0, SL_OPT_DURATION, .def = "30s", .min = 1e9, .max = 3.6e12,
		.help = "silence that ends a flow" },
	{ "name", "name", 'n', SL_OPT_TEXT, "TEXT", .help = "a name" },
};
static const struct sl_program program = { "sightline-test", "[OPTION...]",
	"Tests the table. It has a second sentence.", opts, sizeof(opts) / sizeof(opts[0]), false };

static char err[512];

/* Loads a command line; the program's name is put before it. */
static int load(struct sl_config **out, char **words)
{
	static char *argv[32]; /* operands are kept in it */
	int argc = 0;
	argv[argc++] = (char *)"sightline-test";
	for (; *words != NULL; words++)
		argv[argc++] = *words;
	argv[argc] = NULL;
	err[0] = '\0';
	return sl_config_load(out, &program, argc, argv, err, sizeof(err));
}
#define LOAD(out, ...) load(out, (char *[]){ __VA_ARGS__, NULL })

static char file_path[] = "/tmp/sightline-config-XXXXXX";

static void file_write(const char *text, size_t len)
{
	FILE *f = fopen(file_path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
}

static int load_yaml(struct sl_config **out, const char *yaml)
{
	file_write(yaml, strlen(yaml));
	return LOAD(out, (char *)"-c", file_path);
}

static int set_up(void **state)
{
	int fd = mkstemp(file_path);
	if (fd >= 0)
		close(fd);
	return fd < 0;
}

static int tear_down(void **state)
{
	return unlink(file_path);
}

static void defaults_hold(void **state)
{
	struct sl_config *c;
	size_t n;
	assert_int_equal(LOAD(&c, NULL), 0);
	assert_int_equal(sl_config_u64(c, "workers"), 1);
	assert_int_equal(sl_config_u64(c, "flow.memory"), 64 << 20);
	assert_int_equal(sl_config_u64(c, "flow.timeout.udp"), 30 * SL_SECOND);
	assert_true(sl_config_flag(c, "huge"));
	assert_false(sl_config_flag(c, "once"));
	assert_null(sl_config_text(c, "validity"));
	assert_string_equal(sl_config_list(c, "home-net", &n)[1], "192.168.0.0/16");
	assert_int_equal(n, 2);
	assert_null(sl_config_list(c, "replay", &n));
	assert_int_equal(n, 0);
	assert_false(sl_config_given(c, "workers"));
	assert_false(sl_config_test(c));
	sl_config_free(c);
}

static void line_is_read(void **state)
{
	struct sl_config *c;
	size_t n;
	assert_int_equal(LOAD(&c, "-r", "a.pcap", "left", "--replay=b.pcap", "--emit",
				 "flows, sightings", "--emit", "observables", "--home-net",
				 "10.0.0.0/8", "-w3", "--ratio", "0.25", "-oT", "--", "-over"),
		0);
	const char *const *list = sl_config_list(c, "replay", &n);
	assert_int_equal(n, 2);
	assert_string_equal(list[0], "a.pcap");
	assert_string_equal(list[1], "b.pcap");
	list = sl_config_list(c, "emit", &n);
	assert_int_equal(n, 3);
	assert_string_equal(list[1], "sightings");
	assert_string_equal(list[2], "observables");
	(void)sl_config_list(c, "home_net", &n);
	assert_int_equal(n, 1); /* the default is replaced */
	assert_int_equal(sl_config_u64(c, "workers"), 3);
	assert_true(sl_config_double(c, "ratio") == 0.25);
	assert_true(sl_config_flag(c, "once"));
	assert_true(sl_config_test(c));
	char *const *operands = sl_config_operands(c, &n);
	assert_int_equal(n, 2);
	assert_string_equal(operands[0], "left");
	assert_string_equal(operands[1], "-over");
	sl_config_free(c);
}

static void bad_lines_are_refused(void **state)
{
	static const struct {
		const char *words[3], *says;
	} rows[] = {
		{ { "--replya", "x" }, "unknown option \"--replya\"; did you mean \"--replay\"?" },
		{ { "--zzzzzzzz=3" }, "unknown option \"--zzzzzzzz\"; --help lists what there is" },
		{ { "-x" }, "unknown option \"-x\"; --help lists what there is" },
		{ { "-ox" }, "unknown option \"-x\"; --help lists what there is" },
		{ { "--replay" }, "--replay needs a value: --replay FILE" },
		{ { "-r" }, "--replay needs a value: --replay FILE" },
		{ { "--once=1" }, "--once takes no value" },
		{ { "--workers", "0" },
			"--workers: \"0\" is not usable; allowed: a whole number, from 1 to 64" },
		{ { "--workers", "-1" }, "--workers: \"-1\" is not usable; allowed: a whole "
					 "number, from 1 to 64" },
		{ { "-w18446744073709551617" },
			"--workers: \"18446744073709551617\" is not usable; allowed: a whole "
			"number, from 1 to 64" },
		{ { "-w1", "-w2" }, "--workers is given twice" },
		{ { "--ratio", "nan" },
			"--ratio: \"nan\" is not usable; allowed: a number, from 0 to 1" },
		{ { "--ratio", "1.5" },
			"--ratio: \"1.5\" is not usable; allowed: a number, from 0 to 1" },
		{ { "--validity", "pack" }, "--validity: \"pack\" is not usable; allowed: one of "
					    "packet, ignore, now" },
		{ { "--emit", "sightings,what" },
			"--emit: \"sightings,what\" is not usable; allowed: one of observables, "
			"sightings, flows" },
		{ { "--emit", "" }, "--emit: \"\" is not usable; allowed: one of observables, "
				    "sightings, flows" },
		{ { "-R", "a.rules" }, "--rules: rules come with a later version; use --intel" },
		{ { "--config", "/nonexistent/x" },
			"/nonexistent/x: cannot be read: No such file or directory" },
		{ { "-c", "/" }, "/: cannot be read: Is a directory" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sl_config *c = NULL;
		assert_int_equal(load(&c, (char **)(uintptr_t)rows[i].words), -EINVAL);
		assert_string_equal(err, rows[i].says);
		assert_null(c);
	}
}

static void yaml_is_read(void **state)
{
	struct sl_config *c;
	size_t n;
	file_write("", 0);
	static const char yaml[] = "# comment\n"
				   "replay: [a.pcap, \"b c.pcap\"]\n"
				   "intel: feeds\n"
				   "home_net:\n  - 10.0.0.0/8\n  - 192.0.2.0/24\n"
				   "huge: off\n"
				   "flow:\n  memory: 2GB\n  timeout:\n    udp: 1500ms\n"
				   "workers: 7\n";
	file_write(yaml, sizeof(yaml) - 1);
	assert_int_equal(LOAD(&c, "-c", file_path, "--workers", "9", "--intel", "mine"), 0);
	assert_string_equal(sl_config_list(c, "replay", &n)[1], "b c.pcap");
	assert_int_equal(n, 2);
	assert_string_equal(sl_config_list(c, "intel", &n)[0], "mine"); /* the line wins */
	assert_int_equal(n, 1);
	(void)sl_config_list(c, "home_net", &n);
	assert_int_equal(n, 2);
	assert_false(sl_config_flag(c, "huge"));
	assert_int_equal(sl_config_u64(c, "flow.memory"), UINT64_C(2000000000));
	assert_int_equal(sl_config_u64(c, "flow.timeout.udp"), SL_SECOND + SL_SECOND / 2);
	assert_int_equal(sl_config_u64(c, "workers"), 9);
	assert_true(sl_config_given(c, "huge"));
	sl_config_free(c);
}

static void empty_files_say_nothing(void **state)
{
	static const char *const empty[] = { "", "# only a comment\n", "---\n", "flow:\n" };
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		struct sl_config *c;
		assert_int_equal(load_yaml(&c, empty[i]), 0);
		sl_config_free(c);
	}
}

static void bad_yaml_is_refused(void **state)
{
	static const struct {
		const char *yaml, *says;
	} rows[] = {
		{ "\nworker: 3\n", "2: unknown key \"worker\"; did you mean \"workers\"?" },
		{ "flow:\n  max_flow: 3\n",
			"2: unknown key \"flow.max_flow\"; did you mean \"flow.max_flows\"?" },
		{ "zzz:\n  a: 1\n", "1: unknown key \"zzz\"; --help lists what there is" },
		{ "once: true\n", "1: \"once\" is an option of the command line only" },
		{ "workers: many\n", "1: workers: \"many\" is not usable; allowed: a whole number, "
				     "from 1 to 64" },
		{ "workers: [1]\n", "1: workers takes one value, not a list" },
		{ "workers: {a: 1}\n", "1: workers takes a value, not a section" },
		{ "workers:\n", "1: workers has no value; allowed: a whole number, from 1 to 64" },
		{ "workers: 1\nworkers: 2\n", "2: workers is given twice (first in line 1)" },
		{ "replay: [[a]]\n", "1: replay: each item of the list is a text" },
		{ "flow: 3\n", "1: flow is a section: its keys stand below it, indented" },
		{ "flow:\n  memory: 5\n", "2: flow.memory: \"5\" is not usable; allowed: a size "
					  "such as 4096, 512MiB or 2GB, from 1MiB to 1TB" },
		{ "flow:\n  timeout:\n    udp: 30\n",
			"3: flow.timeout.udp: \"30\" is not usable; allowed: a duration such as "
			"500ms, 30s, 5m or 2h, from 1s to 1h" },
		{ "rules: a\n", "1: rules: rules come with a later version; use --intel" },
		{ "- a\n- b\n", "1: expected \"key: value\" lines" },
		{ "name: a\n---\nname: b\n", "2: a second document (---) is not read" },
		{ "name: &x a\nvalidity: *x\n",
			"2: an alias (*name) is not read here; write the value out" },
		{ "name: \"a\\0b\"\n", "1: name: a text with a zero byte" },
		{ "[a]: b\n", "1: a key must be a word" },
		{ "? [a]\n: b\n", "1: a key must be a word" },
		{ "name: \"a\n", "2: not valid YAML: found unexpected end of stream" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sl_config *c = NULL;
		char want[512];
		snprintf(want, sizeof(want), "%s:%s", file_path, rows[i].says);
		if (load_yaml(&c, rows[i].yaml) == 0)
			fail_msg("taken: %s", rows[i].yaml);
		assert_string_equal(err, want);
	}
}

static void deep_and_large_files_end(void **state)
{
	struct sl_config *c = NULL;
	size_t len = (2 << 20);
	char *big = malloc(len);
	assert_non_null(big);
	memset(big, '#', len);
	file_write(big, len);
	assert_int_equal(LOAD(&c, "-c", file_path), -EINVAL);
	assert_non_null(strstr(err, "more than 1 MiB"));
	memset(big, '[', 100000);
	file_write(big, 100000);
	assert_int_equal(LOAD(&c, "-c", file_path), -EINVAL);
	free(big);
	assert_int_equal(
		load_yaml(&c, "flow: {timeout: {udp: {a: {b: {c: {d: {e: 1}}}}}}}\n"), -EINVAL);
}

static char *print(const struct sl_config *c)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	assert_non_null(f);
	sl_config_print(c, f);
	fclose(f);
	return text;
}

/* Cuts the comments, which say where a value came from. */
static void uncomment(char *text)
{
	char *to = text;
	for (char *p = text; *p != '\0';) {
		size_t len = strcspn(p, "\n");
		char *hash = memmem(p, len, " # ", 3);
		size_t keep = hash != NULL ? (size_t)(hash - p) : len;
		memmove(to, p, keep);
		to += keep;
		p += len;
		if (*p == '\n')
			*to++ = *p++;
	}
	*to = '\0';
}

static void print_reads_back(void **state)
{
	struct sl_config *c, *again;
	assert_int_equal(
		LOAD(&c, "-r", "a: b.pcap", "-r", "-", "--name", "q\"\\\x01 #x", "-i", "null", "-w",
			"5", "--validity", "now", "--home-net", "::1,fe80::/10"),
		0);
	char *first = print(c);
	assert_int_equal(load_yaml(&again, first), 0);
	assert_string_equal(sl_config_text(again, "name"), "q\"\\\x01 #x");
	assert_int_equal(sl_config_u64(again, "workers"), 5);
	char *second = print(again);
	assert_non_null(strstr(first, "workers: 5 # command line\n"));
	assert_non_null(strstr(first, "  memory: 64MiB # default\n"));
	assert_non_null(strstr(first, "  timeout:\n    udp: 30s # default\n"));
	uncomment(first);
	uncomment(second);
	assert_string_equal(first, second);
	free(first);
	free(second);
	sl_config_free(c);
	sl_config_free(again);
}

/* Runs fn with stdout in a file; the caller frees the text. */
static char *captured(char **words, int *rc)
{
	struct sl_config *c = NULL;
	char *text = calloc(1, 1 << 16);
	FILE *f = tmpfile();
	assert_non_null(text);
	assert_non_null(f);
	fflush(stdout);
	int saved = dup(STDOUT_FILENO);
	dup2(fileno(f), STDOUT_FILENO);
	*rc = load(&c, words);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	rewind(f);
	text[fread(text, 1, (1 << 16) - 1, f)] = '\0';
	fclose(f);
	return text;
}

static void questions_are_answered(void **state)
{
	int rc;
	char *help = captured((char *[]){ "--help", "--bad", NULL }, &rc);
	assert_int_equal(rc, 1);
	assert_non_null(strstr(help, "  -r, --replay FILE"));
	assert_non_null(strstr(help, "[default: 10.0.0.0/8,192.168.0.0/16]"));
	assert_non_null(strstr(help, "  flow.max_flows"));
	assert_non_null(strstr(help, "  -T, --test"));
	assert_null(strstr(help, "--rules")); /* not built: not listed */
	assert_null(strstr(help, "--man"));
	free(help);
	char *version = captured((char *[]){ "-V", NULL }, &rc);
	assert_int_equal(rc, 1);
	assert_memory_equal(version, "sightline-test 0.", 17);
	assert_non_null(strstr(version, "DPDK "));
	free(version);
	char *man = captured((char *[]){ "--man", NULL }, &rc);
	assert_int_equal(rc, 1);
	assert_memory_equal(man, ".TH \"SIGHTLINE-TEST\" 1\n", 23);
	assert_non_null(strstr(man, "\\fB\\-r\\fR, \\fB\\-\\-replay\\fR \\fIFILE\\fR\n"));
	assert_non_null(strstr(man, ".SH CONFIGURATION\n"));
	free(man);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_hold),
		cmocka_unit_test(line_is_read),
		cmocka_unit_test(bad_lines_are_refused),
		cmocka_unit_test(yaml_is_read),
		cmocka_unit_test(empty_files_say_nothing),
		cmocka_unit_test(bad_yaml_is_refused),
		cmocka_unit_test(deep_and_large_files_end),
		cmocka_unit_test(print_reads_back),
		cmocka_unit_test(questions_are_answered),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
