/* SPDX-License-Identifier: BSD-3-Clause */
/* marking_test.c - who may see an indicator: TLP 1 and 2 in STIX 1 and 2. */
#include "spelled.h"
#include "stix1.h"

#define MARKED(refs) "\"object_marking_refs\":" refs
#define FIXED(id) "[\"marking-definition--" id "\"]"
#define WITH(id) "\"marking-definition--" id "\""

/* The definitions that TLP 1 (STIX 2.1 7.2.1.4) and TLP 2 (its extension) fix by id, known without
 * being defined; of several the strictest; and what isn't understood. */
static void of_stix_2(void **state)
{
	static const struct {
		const char *said;
		enum sl_tlp tlp;
	} rows[] = {
		{ MARKED(FIXED("613f2e26-407d-48c7-9eca-b8e91df99dc9")), SL_TLP_CLEAR },
		{ MARKED(FIXED("34098fce-860f-48ae-8e50-ebd3cc5e41da")), SL_TLP_GREEN },
		{ MARKED(FIXED("f88d31f6-486f-44da-b317-01333bde0b82")), SL_TLP_AMBER },
		{ MARKED(FIXED("5e57c739-391a-4eb3-b6be-7d15ca92d5ed")), SL_TLP_RED },
		{ MARKED(FIXED("94868c89-83c2-464b-929b-a1a8aa3c8487")), SL_TLP_CLEAR },
		{ MARKED(FIXED("bab4a63c-aed9-4cf5-a766-dfca5abac2bb")), SL_TLP_GREEN },
		{ MARKED(FIXED("55d920b0-5e8b-4f79-9ee9-91f868d9b421")), SL_TLP_AMBER },
		{ MARKED(FIXED("939a9414-2ddd-4d32-a0cd-375ea402b003")), SL_TLP_AMBER_STRICT },
		{ MARKED(FIXED("e828b379-4e03-4974-9ac4-e53a884c97c1")), SL_TLP_RED },
		{ MARKED("[" WITH("34098fce-860f-48ae-8e50-ebd3cc5e41da") "," WITH(
			  "e828b379-4e03-4974-9ac4-e53a884c97c1") "]"),
			SL_TLP_RED },
		{ MARKED("[" WITH("34098fce-860f-48ae-8e50-ebd3cc5e41da") "," WITH("x") "]"),
			SL_TLP_AMBER_STRICT },
		{ MARKED("[" WITH("5e57c739-391a-4eb3-b6be-7d15ca92d5ed") "," WITH("x") "]"),
			SL_TLP_RED },
		{ MARKED(FIXED(
			  "34098fce-860f-48ae-8e50-ebd3cc5e41da")) ",\"granular_markings\":["
								   "{\"selectors\":[\"pattern\"],"
								   "\"marking_ref\":" WITH(
									   "55d920b0-5e8b-4f79-"
									   "9ee9-91f868d9b421") "}"
												"]",
			SL_TLP_AMBER },
		{ MARKED("[7]"), SL_TLP_AMBER_STRICT },
		{ MARKED(WITH("34098fce-860f-48ae-8e50-ebd3cc5e41da")), SL_TLP_AMBER_STRICT },
		{ "\"granular_markings\":{}", SL_TLP_AMBER_STRICT },
		{ MARKED("null"), SL_TLP_NONE },
		{ MARKED("[]"), SL_TLP_NONE },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct read r;
		char text[1024];
		snprintf(text, sizeof(text),
			"{\"type\":\"bundle\",\"objects\":[{\"type\":\"indicator\",\"id\":"
			"\"indicator--1\",\"pattern_type\":\"stix\",%s,\"pattern\":"
			"\"[domain-name:value = 'a.example']\"}]}",
			rows[i].said);
		read_text(&r, text);
		assert_int_equal(r.count, 1);
		assert_int_equal(r.ind[0].tlp, rows[i].tlp);
		read_free(&r);
	}
}

static void of_stix_1(void **state)
{
	static const struct {
		const char *structure;
		enum sl_tlp tlp;
	} rows[] = {
		{ "xsi:type=\"t:TLPMarkingStructureType\" color=\"WHITE\"/", SL_TLP_CLEAR },
		{ "xsi:type=\"t:TLPMarkingStructureType\" color=\"GREEN\"/", SL_TLP_GREEN },
		{ "xsi:type=\"t:TLPMarkingStructureType\" color=\"MAUVE\"/", SL_TLP_AMBER_STRICT },
		{ "xsi:type=\"t:TLPMarkingStructureType\"/", SL_TLP_AMBER_STRICT },
		{ "xsi:type=\"s:SimpleMarkingStructureType\"><m:Statement>x</m:Statement></"
		  "m:Marking_Structure",
			SL_TLP_NONE },
		{ "xsi:type=\"u:TermsOfUseMarkingStructureType\"/", SL_TLP_NONE },
		{ "xsi:type=\"AIS:AISMarkingStructure\"><m:Not_Proprietary "
		  "CISA_Proprietary=\"false\"><m:TLPMarking color=\"GREEN\"/></"
		  "m:Not_Proprietary></m:Marking_Structure",
			SL_TLP_GREEN },
		{ "xsi:type=\"e:ISAMarkingsType\"/", SL_TLP_AMBER_STRICT },
		{ "/", SL_TLP_AMBER_STRICT },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[4096];
		struct read r;
		snprintf(text, sizeof(text),
			HEAD "<stix:Indicator id=\"a:1\">" OBSERVABLE("a:p",
				DOMAIN("", "a.example")) "<i:Handling><m:Marking><m:Marking_"
							 "Structure %s></m:Marking></i:Handling>"
							 "</stix:Indicator>" TAIL,
			rows[i].structure);
		read_text(&r, text);
		assert_int_equal(r.count, 1);
		assert_int_equal(r.ind[0].tlp, rows[i].tlp);
		read_free(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_stix_2),
		cmocka_unit_test(of_stix_1),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
