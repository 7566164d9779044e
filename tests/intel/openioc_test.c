/* SPDX-License-Identifier: BSD-3-Clause */
/* openioc_test.c - OpenIOC 1.0 and 1.1: its AND and OR, its terms and conditions. */
#include "stix1.h"

#define TEN(body)                                                                                  \
	"<?xml version=\"1.0\" encoding=\"us-ascii\"?>\n"                                          \
	"<ioc xmlns=\"http://schemas.mandiant.com/2010/ioc\" id=\"the-ioc\">\n"                    \
	"<short_description>A name</short_description><authored_by>An author</authored_by>"        \
	"<definition>\n" body "</definition></ioc>\n"
#define OR(body) "<Indicator operator=\"OR\" id=\"g\">" body "</Indicator>\n"
#define AND(body) "<Indicator operator=\"AND\" id=\"g\">" body "</Indicator>\n"
#define ITEM(attrs, search, text)                                                                  \
	"<IndicatorItem id=\"50455b63-35bf-4efa-9f06-aeba2980f80a\" " attrs                        \
	"><Context document=\"d\" search=\"" search                                                \
	"\" type=\"mir\"/><Content type=\"string\">" text "</Content></IndicatorItem>\n"
#define MD5 "0123456789abcdef0123456789abcdef"

static const char ten[] = TEN(OR(ITEM("condition=\"is\"", "Network/DNS", "one.example") ITEM(
	"condition=\"is\"", "FileItem/Md5sum", MD5) ITEM("condition=\"is\"", "PortItem/remoteIP",
	"185.1.1.1") ITEM("condition=\"is\"", "PortItem/remotePort", "53") ITEM("condition=\"is\"",
	"ProcessItem/name", "evil.exe") ITEM("condition=\"contains\"", "Snort/Snort",
	"alert tcp any any -> any any (sid:1;)") AND(ITEM("condition=\"is\"", "PortItem/remoteIP",
	"10.0.0.1") ITEM("condition=\"is\"", "PortItem/remotePort", "53"))
		OR(ITEM("condition=\"is\"", "UrlHistoryItem/URL", "http://a.example/x"))));

static void whole(void **state)
{
	struct read r;
	read_text(&r, ten);
	assert_string_equal(r.source->format, "openioc");
	assert_string_equal(r.said, "9 RULE_KEPT\n7 LONE_PORT\n7 LONE_PORT\n8 NOT_EVALUABLE\n10 "
				    "PRIVATE_ADDRESS\n2 PARTS\n");
	assert_int_equal(r.source->rules, 1);
	assert_int_equal(r.count, 4);
	assert_string_equal(value_of(&r, 0), "one.example");
	assert_string_equal(value_of(&r, 1), MD5);
	assert_string_equal(value_of(&r, 2), "185.1.1.1");
	assert_string_equal(value_of(&r, 3), "http://a.example/x");
	assert_string_equal(r.ind[0].id, "the-ioc");
	assert_string_equal(r.ind[0].name, "A name");
	assert_string_equal(r.ind[0].source, "An author");
	read_free(&r);
}

static void beside(const char *item, const char *pattern)
{
	char text[4096], want[2048];
	struct read r;
	snprintf(text, sizeof(text),
		TEN(AND(ITEM("condition=\"is\"", "Network/DNS", "n.example") "%s")), item);
	read_text(&r, text);
	assert_string_equal(r.said, "");
	snprintf(want, sizeof(want), "[domain-name:value = 'n.example' AND %s]", pattern);
	assert_string_equal(tree_of(&r), want);
	read_free(&r);
}

static void conditions(void **state)
{
	beside(ITEM("condition=\"isnot\"", "Email/Subject", "a"), "email-message:subject != 'a'");
	beside(ITEM("condition=\"is\" negate=\"true\"", "Email/Subject", "a"),
		"email-message:subject != 'a'");
	beside(ITEM("condition=\"isnot\" negate=\"true\"", "Email/Subject", "a"),
		"email-message:subject = 'a'");
	beside(ITEM("condition=\"contains\"", "Email/Subject", "a.b"),
		"email-message:subject MATCHES '(?i)a\\\\.b'");
	beside(ITEM("condition=\"contains\" preserve-case=\"true\"", "Email/Subject", "a.b"),
		"email-message:subject MATCHES 'a\\\\.b'");
	beside(ITEM("condition=\"starts-with\"", "Email/Subject", "ab"),
		"email-message:subject MATCHES '(?i)^ab'");
	beside(ITEM("condition=\"ends-with\"", "Email/Subject", "ab"),
		"email-message:subject MATCHES '(?i)ab$'");
	beside(ITEM("condition=\"matches\"", "Email/Subject", "a+b"),
		"email-message:subject MATCHES '(?i)a+b'");
	beside(ITEM("condition=\"greater-than\"", "FileItem/SizeInBytes", "10"), "file:size > 10");
	beside(ITEM("condition=\"less-than\"", "FileItem/SizeInBytes", "10"), "file:size < 10");
	beside(ITEM("condition=\"contains\"", "network/uri", "/gate.php"),
		"network-traffic:extensions.'http-request-ext'.request_value MATCHES "
		"'(?i)/gate\\\\.php'");
	beside(ITEM("condition=\"is\"", "dnsLookupEvent/hostname", "q.example"),
		"network-traffic:extensions.'dns-ext'.question.domain_ref.value = 'q.example'");
}

/* A file's hash says which it is; its name beside it explains. */
static void a_file(void **state)
{
	struct read r;
	read_text(&r, TEN(AND(ITEM("condition=\"is\"", "FileItem/Md5sum", MD5)
				      ITEM("condition=\"is\"", "FileItem/FullPath", "C:\\x") ITEM(
					      "condition=\"is\"", "FileItem/SizeInBytes", "7"))));
	assert_string_equal(r.said, "");
	assert_int_equal(r.count, 1);
	assert_string_equal(value_of(&r, 0), MD5);
	read_free(&r);
}

static void eleven(void **state)
{
	struct read r;
	read_text(&r, "<OpenIOC xmlns=\"http://openioc.org/schemas/OpenIOC_1.1\" id=\"e\">"
		      "<metadata><short_description>S</short_description></metadata><criteria>" OR(
			      ITEM("condition=\"is\" preserve-case=\"false\" negate=\"false\"",
				      "urlMonitorEvent/hostname", "u.example")
				      ITEM("condition=\"is\" negate=\"true\"", "Network/DNS",
					      "x.example") ITEM("condition=\"sounds-like\"",
					      "Network/DNS", "x.example")) "</criteria></OpenIOC>");
	assert_string_equal(r.said, "2 NEGATIVE_ONLY\n3 CONDITION_NOT_SUPPORTED\n1 PARTS\n");
	assert_int_equal(r.count, 1);
	assert_string_equal(value_of(&r, 0), "u.example");
	assert_string_equal(r.ind[0].name, "S");
	assert_string_equal(r.ind[0].source, "test.txt");
	read_free(&r);
}

/* An exporter leaves the content empty and writes the value as the id. */
static void value_in_id(void **state)
{
	struct read r;
	read_text(&r, TEN(OR("<IndicatorItem id=\"id.example\" condition=\"is\"><Context "
			     "search=\"Network/DNS\"/><Content/></IndicatorItem>" ITEM(
				     "condition=\"is\"", "Network/DNS", ""))));
	assert_string_equal(r.said, "2 VALUE_IN_ID\n");
	assert_int_equal(r.count, 1);
	assert_string_equal(value_of(&r, 0), "id.example");
	read_free(&r);
}

static void nothing(void **state)
{
	struct read r;
	read_text(&r, TEN(""));
	assert_string_equal(r.said, "2 INCOMPLETE\n");
	read_free(&r);
	read_text(&r, "<!DOCTYPE ioc SYSTEM \"file:///etc/passwd\">\n<ioc id=\"x\"/>");
	assert_string_equal(r.said, "1 XML_DTD\n");
	read_free(&r);
}

/* One OR of any length. */
static void many(void **state)
{
	enum { COUNT = 5000 };
	char *text = NULL;
	size_t len;
	struct read r;
	FILE *f = open_memstream(&text, &len);
	assert_non_null(f);
	fputs("<ioc id=\"x\"><definition><Indicator operator=\"OR\">", f);
	for (int i = 0; i < COUNT; i++)
		fprintf(f, ITEM("condition=\"is\"", "Network/DNS", "n%d.example"), i);
	fputs("</Indicator></definition></ioc>", f);
	assert_int_equal(fclose(f), 0);
	read_text(&r, text);
	assert_string_equal(r.said, "");
	assert_int_equal(r.count, COUNT);
	assert_string_equal(value_of(&r, COUNT - 1), "n4999.example");
	read_free(&r);
	free(text);
}

static void at_every_length(void **state)
{
	read_at_every_cut(ten);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(conditions),
		cmocka_unit_test(a_file),
		cmocka_unit_test(eleven),
		cmocka_unit_test(value_in_id),
		cmocka_unit_test(nothing),
		cmocka_unit_test(many),
		cmocka_unit_test(at_every_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
