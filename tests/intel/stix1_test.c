/* SPDX-License-Identifier: BSD-3-Clause */
/* stix1_test.c - packages of STIX 1: what is armed, by whom and for how long, references, the
 * hurried analyst's classic, and hostile XML. */
#include "spelled.h"
#include "stix1.h"

static void file(struct read *r, const char *name)
{
	char path[512];
	struct sl_intel_options o = { .validity = SL_VALID_PACKET, .finding = read_said, .arg = r };
	size_t sources;
	snprintf(path, sizeof(path), "%s/%s", CLASSIC_FOLDER, name);
	memset(r, 0, sizeof(*r));
	assert_int_equal(sl_intel_new(&r->set), 0);
	r->rc = sl_intel_read(r->set, path, &o);
	assert_int_equal(r->rc, 0);
	r->ind = spelled_out(r->set, &r->count);
	r->source = sl_intel_sources(r->set, &sources);
	assert_string_equal(r->source->format, "stix1");
}

#define FOUR "15 PRIVATE_ADDRESS\n22 LONE_PORT\n22 LONE_PORT\n36 LONE_PORT\n36 LONE_PORT\n8 PARTS\n"

/* An internal address, port 53, 8.8.8.8, port 6633, any of them: what is true of everything is
 * refused where it stands; the fifth branch, which is sound, stays. */
static void the_classic_or(void **state)
{
	static const char *const names[] = { "or-mitre.xml", "or-oasis.xml", "five-mitre.xml",
		"five-oasis.xml" };
	for (size_t i = 0; i < 4; i++) {
		struct read r;
		file(&r, names[i]);
		assert_string_equal(r.said, FOUR);
		assert_int_equal(r.source->count[SL_REFUSED], 0); /* it is armed, in part */
		assert_int_equal(r.source->in_part, 1);
		assert_int_equal(r.count, i < 2 ? 1 : 2);
		assert_string_equal(value_of(&r, 0), "8.8.8.8");
		if (i >= 2) {
			assert_string_equal(value_of(&r, 1), "176.103.48.27");
			assert_string_equal(r.ind[1].part, "[ipv4-addr:value = '176.103.48.27']");
			assert_int_equal(r.ind[1].detection, 0);
		}
		assert_string_equal(r.ind[0].id, "classic:indicator-1");
		assert_string_equal(r.ind[0].name, "An analyst in a hurry");
		read_free(&r);
	}
}

/* All of it on one flow, whether written in place or by reference, before and behind. */
static void the_classic_and(void **state)
{
	static const char *const names[] = { "and-mitre.xml", "and-oasis.xml",
		"and-idref-mitre.xml", "and-idref-oasis.xml" };
	for (size_t i = 0; i < 4; i++) {
		struct read r;
		size_t n;
		file(&r, names[i]);
		assert_string_equal(r.said, "");
		assert_string_equal(tree_of(&r),
			"[ipv4-addr:value = '10.0.0.5' AND ((network-traffic:src_port = 53 OR "
			"network-traffic:dst_port = 53) AND (ipv4-addr:value = '8.8.8.8' AND "
			"(network-traffic:src_port = 6633 OR network-traffic:dst_port = "
			"6633)))]");
		const struct sl_detection *d = sl_intel_detections(r.set, &n);
		assert_int_equal(n, 1);
		assert_int_equal(d[0].scope, SL_SCOPE_MESSAGE);
		assert_int_equal(d[0].expressions, 1);
		assert_int_equal(d[0].leaves, 6);
		read_free(&r);
	}
}

/* clang-format off */
static const char meta[] = HEAD
	"<stix:STIX_Header><stix:Handling><m:Marking><m:Controlled_Structure>//node()"
	"</m:Controlled_Structure><m:Marking_Structure xsi:type=\"t:TLPMarkingStructureType\" "
	"color=\"AMBER\"/></m:Marking></stix:Handling><stix:Information_Source><c:Identity>"
	"<c:Name>The Sender</c:Name></c:Identity></stix:Information_Source></stix:STIX_Header>\n"
	"<stix:Indicator id=\"a:1\"><i:Title>one &amp; only</i:Title><i:Type>Domain Watchlist"
	"</i:Type><i:Type>C2</i:Type><i:Valid_Time_Position><i:Start_Time>2026-01-01T00:00:00"
	"</i:Start_Time><i:End_Time>9999-12-31T00:00:00Z</i:End_Time></i:Valid_Time_Position>"
	OBSERVABLE("a:o", DOMAIN("", " Evil.Example \n"))
	"<i:Confidence><c:Value>Medium</c:Value></i:Confidence>"
	"<i:Likely_Impact><c:Value>High</c:Value></i:Likely_Impact></stix:Indicator>\n"
	"<stix:Indicator id=\"a:2\">" OBSERVABLE("a:p", DOMAIN("", "two.example"))
	"<i:Handling><m:Marking><m:Controlled_Structure>//x[@id='other']</m:Controlled_Structure>"
	"<m:Marking_Structure xsi:type=\"t:TLPMarkingStructureType\" color=\"RED\"/></m:Marking>"
	"<m:Marking><m:Marking_Structure xsi:type=\"t:TLPMarkingStructureType\" color=\"GREEN\"/>"
	"</m:Marking></i:Handling><i:Confidence><c:Value>77</c:Value></i:Confidence><i:Producer>"
	"<c:Identity><c:Name>The Maker</c:Name></c:Identity></i:Producer></stix:Indicator>\n"
	"<stix:TTP id=\"t:1\"/>\n"
	"<stix:Observables><cybox:Observable id=\"b:1\">" DOMAIN("", "bare.example")
	"</cybox:Observable></stix:Observables>\n" TAIL;
/* clang-format on */

static void what_is_said_about_it(void **state)
{
	struct read r;
	read_text(&r, meta);
	assert_int_equal(r.count, 2);
	assert_string_equal(r.said, "");
	assert_string_equal(value_of(&r, 0), "evil.example");
	assert_string_equal(r.ind[0].name, "one & only");
	assert_string_equal(r.ind[0].labels, "Domain Watchlist,C2");
	assert_string_equal(r.ind[0].severity, "High");
	assert_string_equal(r.ind[0].source, "The Sender");
	assert_int_equal(r.ind[0].tlp, SL_TLP_AMBER);
	assert_int_equal(r.ind[0].confidence, 50);
	assert_true(r.ind[0].valid_from_ns > 0);
	assert_int_equal(r.ind[0].valid_until_ns, 0);
	assert_string_equal(r.ind[1].source, "The Maker");
	assert_int_equal(r.ind[1].tlp, SL_TLP_AMBER); /* the package's is stricter */
	assert_int_equal(r.ind[1].confidence, 77);
	assert_int_equal(r.source->count[SL_CONTEXT], 2);
	read_free(&r);
}

/* clang-format off */
#define PRODUCER(name)                                                                             \
	"<i:Producer><c:Identity><c:Name>" name "</c:Name></c:Identity></i:Producer>"
#define SAID(id, day, body)                                                                        \
	"<stix:Indicator id=\"" id "\" timestamp=\"2026-01-" day "T00:00:00Z\">" body               \
	"</stix:Indicator>\n"
#define VERSION(id, day, name) SAID(id, day, OBSERVABLE("o-" name, DOMAIN("", name)))
#define RELATED(how, id)                                                                           \
	"<i:Related_Indicators><i:Related_Indicator><c:Relationship>" how "</c:Relationship>"      \
	"<c:Indicator idref=\"" id "\"/></i:Related_Indicator></i:Related_Indicators>"
static const char versions[] = HEAD
	VERSION("a", "02", "new.example")
	VERSION("a", "01", "old.example")
	VERSION("b", "01", "older.example")
	VERSION("b", "02", "newer.example") TAIL;
/* clang-format on */

static void a_later_version_counts(void **state)
{
	struct read r;
	read_text(&r, versions);
	assert_string_equal(r.said, "3 OLDER_VERSION\n4 OLDER_VERSION\n");
	assert_int_equal(r.count, 2);
	assert_string_equal(value_of(&r, 0), "new.example");
	assert_string_equal(value_of(&r, 1), "newer.example");
	read_free(&r);
}

/* clang-format off */
static const struct {
	const char *text, *left, *said;
} related[] = {
	{ HEAD VERSION("a", "01", "a.example") SAID("b", "02", RELATED("Revokes", "a")) TAIL, "",
		"2 OLDER_VERSION\n3 REVOKED\n" },
	{ HEAD SAID("b", "02", RELATED("Revokes", "a")) VERSION("a", "01", "a.example") TAIL, "",
		"2 REVOKED\n3 OLDER_VERSION\n" },
	/* said before what it names was written */
	{ HEAD SAID("b", "02", RELATED("Revokes", "a")) VERSION("a", "03", "a.example") TAIL,
		"a.example ", "2 REVOKED\n" },
	{ HEAD VERSION("a", "01", "a.example")
		SAID("b", "02", RELATED("Updates - Corrects", "a")
			OBSERVABLE("n", DOMAIN("", "b.example"))) TAIL,
		"b.example ", "2 OLDER_VERSION\n" },
	/* relations that replace nothing */
	{ HEAD VERSION("a", "01", "a.example")
		SAID("b", "02", RELATED("Variant", "a") OBSERVABLE("n", DOMAIN("", "b.example")))
		TAIL, "a.example b.example ", "" },
	{ HEAD SAID("a", "02", RELATED("Updates - Revises", "a")
		OBSERVABLE("n", DOMAIN("", "a.example"))) TAIL, "a.example ", "" },
	/* nobody takes back what another says, nor takes its place */
	{ HEAD SAID("a", "01", PRODUCER("One") OBSERVABLE("n", DOMAIN("", "a.example")))
		SAID("b", "02", PRODUCER("Two") RELATED("Revokes", "a"))
		SAID("a", "03", PRODUCER("Two") OBSERVABLE("m", DOMAIN("", "b.example"))) TAIL,
		"a.example b.example ", "3 REVOKED\n" },
};
/* clang-format on */

static void a_relation_replaces(void **state)
{
	for (size_t i = 0; i < sizeof(related) / sizeof(related[0]); i++) {
		struct read r;
		char left[128] = "";
		read_text(&r, related[i].text);
		for (size_t k = 0; k < r.count; k++) {
			size_t used = strlen(left);
			snprintf(left + used, sizeof(left) - used, "%s ", value_of(&r, k));
		}
		bool as_said = true; /* in whatever order */
		for (const char *p = related[i].said; *p != '\0'; p = strchr(p, '\n') + 1) {
			char line[64];
			snprintf(line, sizeof(line), "%.*s", (int)(strchr(p, '\n') + 1 - p), p);
			as_said &= strstr(r.said, line) != NULL;
		}
		if (strcmp(left, related[i].left) != 0 || !as_said ||
			strlen(r.said) != strlen(related[i].said))
			fail_msg("row %zu: '%s' %s", i, left, r.said);
		read_free(&r);
	}
}

/* The later of two files may hold the earlier version. */
static void versions_of_files(void **state)
{
	static const char later[] = HEAD SAID(
		"a", "02", PRODUCER("One") OBSERVABLE("n", DOMAIN("", "new.example"))) TAIL;
	static const char earlier[] = HEAD SAID(
		"a", "01", PRODUCER("One") OBSERVABLE("n", DOMAIN("", "old.example"))) TAIL;
	struct sl_intel_options o = { .validity = SL_VALID_IGNORE, .taken_as_said = true };
	for (unsigned order = 0; order < 2; order++) {
		struct sl_intel *set;
		size_t n;
		assert_int_equal(sl_intel_new(&set), 0);
		const char *one = order ? later : earlier, *two = order ? earlier : later;
		assert_int_equal(sl_intel_read_bytes(set, "1.xml", one, strlen(one), &o), 0);
		assert_int_equal(sl_intel_read_bytes(set, "2.xml", two, strlen(two), &o), 0);
		const struct sl_indicator *i = spelled_out(set, &n);
		assert_int_equal(n, 1);
		assert_string_equal(i[0].value, "new.example");
		sl_intel_free(set);
	}
}

/* clang-format off */
static const char composite[] = HEAD INDICATOR("all",
	"<i:Composite_Indicator_Expression operator=\"AND\"><i:Indicator idref=\"later\"/>"
	"<i:Indicator negate=\"true\">" OBSERVABLE("x", DOMAIN("", "not.example"))
	"</i:Indicator></i:Composite_Indicator_Expression>")
	INDICATOR("later", OBSERVABLE("y", DOMAIN("", "later.example"))) TAIL;
static const char lone_not[] = HEAD INDICATOR("n",
	"<i:Observable negate=\"true\">" DOMAIN("", "not.example") "</i:Observable>") TAIL;
static const char exclusive[] = HEAD INDICATOR("u",
	OBSERVABLE("o", "<cybox:Observable_Composition operator=\"XOR\"/>")) TAIL;
static const char unsaid[] =
	HEAD INDICATOR("u", "<i:Composite_Indicator_Expression/>") TAIL;
/* clang-format on */

static void composites(void **state)
{
	struct read r;
	read_text(&r, composite);
	assert_string_equal(r.said, "");
	assert_string_equal(tree_of(&r),
		"[domain-name:value = 'later.example' AND domain-name:value != 'not.example']");
	read_free(&r);
	/* one that stands alone is true of nearly everything */
	read_text(&r, lone_not);
	assert_string_equal(r.said, "2 NEGATIVE_ONLY\n");
	read_free(&r);
	read_text(&r, exclusive);
	assert_string_equal(r.said, "2 CONDITION_NOT_SUPPORTED\n");
	read_free(&r);
	read_text(&r, unsaid);
	assert_string_equal(r.said, "2 CONDITION_NOT_SUPPORTED\n");
	read_free(&r);
}

#define REF(id) "<cybox:Observable idref=\"" id "\"/>"
#define BOTH(id, op, body)                                                                         \
	"<cybox:Observable id=\"" id "\"><cybox:Observable_Composition operator=\"" op "\">" body  \
	"</cybox:Observable_Composition></cybox:Observable>\n"

static void references_that_lead_nowhere(void **state)
{
	struct read r;
	read_text(&r, HEAD INDICATOR("a", "<i:Observable idref=\"gone\"/>") INDICATOR("b",
			      OBSERVABLE("o", "<cybox:Object idref=\"gone\"/>")
				      OBSERVABLE("p", DOMAIN("", "here.example"))) TAIL);
	assert_string_equal(r.said, "2 REF_UNKNOWN\n3 REF_UNKNOWN\n3 PARTS\n");
	assert_int_equal(r.count, 1);
	read_free(&r);
	/* in a circle, and doubling at each of many steps */
	read_text(&r, HEAD INDICATOR("a", "<i:Observable idref=\"c\"/>")
			      BOTH("c", "AND", REF("c") REF("c")) TAIL);
	assert_string_equal(r.said, "2 TOO_COMPLEX\n");
	read_free(&r);
	char text[16384] = HEAD INDICATOR("a", "<i:Observable idref=\"l0\"/>");
	for (int i = 0; i < 40; i++) {
		size_t n = strlen(text);
		snprintf(text + n, sizeof(text) - n, BOTH("l%d", "OR", REF("l%d") REF("l%d")), i,
			i + 1, i + 1);
	}
	strcat(text, TAIL);
	read_text(&r, text);
	assert_non_null(strstr(r.said, "TOO_COMPLEX\n"));
	assert_true(r.count == 0);
	read_free(&r);
}

static void test_mechanisms(void **state)
{
	struct read r;
	read_text(&r,
		HEAD INDICATOR("a",
			"<i:Test_Mechanisms><i:Test_Mechanism "
			"xsi:type=\"s:SnortTestMechanismType\">"
			"<s:Rule xmlns:s=\"s\"><![CDATA[alert tcp any any -> any any "
			"(sid:1;)]]></s:Rule>"
			"</i:Test_Mechanism><i:Test_Mechanism xsi:type=\"y:YaraTestMechanismType\">"
			"<y:Rule xmlns:y=\"y\">rule x {}</y:Rule></i:Test_Mechanism>"
			"<i:Test_Mechanism "
			"xsi:type=\"x:OpenIOC2010TestMechanismType\"><ioc><definition>"
			"<Indicator operator=\"OR\"><IndicatorItem condition=\"is\">"
			"<Context "
			"search=\"Network/DNS\"/><Content>ioc.example</Content></IndicatorItem>"
			"</Indicator></definition></ioc></i:Test_Mechanism></i:Test_Mechanisms>")
			TAIL);
	assert_string_equal(r.said, "2 RULE_KEPT\n2 PATTERN_TYPE\n");
	assert_int_equal(r.source->rules, 1);
	assert_int_equal(r.count, 1);
	assert_string_equal(value_of(&r, 0), "ioc.example");
	read_free(&r);
}

static void says_nothing(void **state)
{
	struct read r;
	read_text(&r,
		HEAD INDICATOR("a", "<i:Title>t</i:Title>") "<stix:Indicator idref=\"a\"/>" TAIL);
	assert_string_equal(r.said, "2 INCOMPLETE\n");
	read_free(&r);
	/* MISP's export of an attribute that is not for detection */
	read_text(&r,
		HEAD INDICATOR("a",
			OBSERVABLE("o",
				DOMAIN("", "x.example")) "<i:Confidence><c:Value>None</"
							 "c:Value><c:Description>Derived from "
							 "MISP's IDS flag. "
							 "If so</c:Description></i:Confidence>")
			TAIL);
	assert_string_equal(r.said, "2 NOT_FOR_DETECTION\n");
	assert_int_equal(r.count, 0);
	read_free(&r);
}

static void refused_xml(void **state)
{
	struct read r;
	read_text(&r, "<?xml version=\"1.0\"?>\n<!DOCTYPE lolz [\n<!ENTITY a \"aaaaaaaaaa\">\n"
		      "<!ENTITY b \"&a;&a;&a;&a;&a;&a;\">\n]>\n" HEAD INDICATOR(
			      "a", OBSERVABLE("o", DOMAIN("", "&b;"))) TAIL);
	assert_non_null(strstr(r.said, "XML_DTD\n"));
	assert_int_equal(r.count, 0);
	read_free(&r);
	read_text(&r, HEAD INDICATOR("a", OBSERVABLE("o", DOMAIN("", "one.example")))
			      INDICATOR("b", OBSERVABLE("p", DOMAIN("", "&b;"))) TAIL);
	assert_string_equal(r.said, "3 BAD_XML\n");
	assert_int_equal(r.count, 1);
	read_free(&r);
	/* not UTF-8 */
	read_text(&r, HEAD INDICATOR("a",
			      OBSERVABLE("o", DOMAIN("", "one.example"))) "<x>\xff\xfe</x>" TAIL);
	assert_string_equal(r.said, "3 BAD_XML\n");
	assert_int_equal(r.count, 1);
	read_free(&r);
}

static void too_deep(void **state)
{
	char text[16384] = HEAD;
	struct read r;
	size_t n = strlen(text);
	for (int i = 0; i < 4000; i++, n += 3)
		memcpy(text + n, "<a>", 4);
	read_text(&r, text);
	assert_string_equal(r.said, "2 TOO_DEEP\n");
	read_free(&r);
}

/* What libxml2 takes the square of the time for. */
static void too_many_names(void **state)
{
	char *text = NULL;
	size_t len;
	struct read r;
	for (int attrs = 0; attrs < 2; attrs++) {
		FILE *f = open_memstream(&text, &len);
		assert_non_null(f);
		fprintf(f, HEAD "%s", attrs ? "<x" : "");
		for (int i = 0; i < 30000; i++)
			fprintf(f, attrs ? " a%d = '>'" : "<a%d/>", i);
		fprintf(f, "%s" TAIL, attrs ? "/>" : "");
		assert_int_equal(fclose(f), 0);
		read_text(&r, text);
		assert_string_equal(r.said, "2 TOO_MANY_NAMES\n");
		read_free(&r);
		free(text);
	}
	read_text(&r, "<?xml version='1.0' encoding='IBM037'?>" HEAD TAIL);
	assert_string_equal(r.said, "1 XML_ENCODING\n");
	read_free(&r);
	read_text(&r, "<?xml version='1.0' encoding='iso-8859-1'?>" HEAD INDICATOR(
			      "a\xe9", OBSERVABLE("o", DOMAIN("", "one.example"))) TAIL);
	assert_string_equal(r.said, "");
	assert_string_equal(r.ind[0].id, "a\xc3\xa9");
	read_free(&r);
}

static void at_every_length(void **state)
{
	read_at_every_cut(meta);
}

static void only_what_it_is(void **state)
{
	struct read r;
	read_text(&r, "<!-- c --><html><body>STIX_Package</body></html>\n");
	assert_string_equal(r.source->format, "");
	assert_string_equal(r.said, "0 NO_INTEL\n");
	read_free(&r);
	read_text(&r, "\xef\xbb\xbf<!-- a\nb --><?x?>\n" HEAD TAIL);
	assert_string_equal(r.source->format, "stix1");
	read_free(&r);
	read_text(&r, "<cybox:Observables xmlns:cybox=\"http://cybox.mitre.org/cybox-2\">"
		      "<cybox:Observable id=\"o\"/></cybox:Observables>");
	assert_string_equal(r.source->format, "stix1");
	assert_int_equal(r.source->count[SL_CONTEXT], 1);
	read_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_classic_or),
		cmocka_unit_test(the_classic_and),
		cmocka_unit_test(what_is_said_about_it),
		cmocka_unit_test(a_later_version_counts),
		cmocka_unit_test(a_relation_replaces),
		cmocka_unit_test(versions_of_files),
		cmocka_unit_test(composites),
		cmocka_unit_test(references_that_lead_nowhere),
		cmocka_unit_test(test_mechanisms),
		cmocka_unit_test(says_nothing),
		cmocka_unit_test(refused_xml),
		cmocka_unit_test(too_deep),
		cmocka_unit_test(too_many_names),
		cmocka_unit_test(at_every_length),
		cmocka_unit_test(only_what_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
