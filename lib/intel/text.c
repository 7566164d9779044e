/* SPDX-License-Identifier: BSD-3-Clause */
/* text.c - the names of match kinds, markings and verdicts. Pure. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "reading.h"

#define X(id, text) text,
static const char *const match_texts[] = { SL_MATCHES(X) };
static const char *const tlp_texts[] = { SL_TLPS(X) };
#undef X

const char *sl_match_text(enum sl_match_kind m)
{
	return m < SL_MATCH_COUNT ? match_texts[m] : "";
}

const char *sl_tlp_text(enum sl_tlp t)
{
	return t < SL_TLP_COUNT ? tlp_texts[t] : "";
}

const char *sl_intel_verdict_text(enum sl_intel_verdict v)
{
	static const char *const texts[SL_VERDICT_COUNT] = {
		[SL_ARMED] = "armed",
		[SL_QUIET] = "quiet",
		[SL_REFUSED] = "refused",
		[SL_CONTEXT] = "context",
		[SL_NOT_VALID] = "not valid",
	};
	return v < SL_VERDICT_COUNT ? texts[v] : "";
}

enum sl_tlp tlp_of_text(const char *text)
{
	if (strncasecmp(text, "tlp:", 4) == 0)
		text += 4;
	if (strcasecmp(text, "white") == 0)
		return SL_TLP_CLEAR;
	for (int t = SL_TLP_CLEAR; t < SL_TLP_COUNT; t++)
		if (strcasecmp(text, tlp_texts[t]) == 0)
			return (enum sl_tlp)t;
	return SL_TLP_NONE;
}

/* The marking definitions that STIX 2.1 (7.2.1.4) and the extension for TLP 2.0 fix by id. */
enum sl_tlp tlp_of_marking(const char *id)
{
	static const struct {
		const char *id;
		enum sl_tlp tlp;
	} rows[] = {
		{ "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", SL_TLP_CLEAR },
		{ "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", SL_TLP_GREEN },
		{ "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", SL_TLP_AMBER },
		{ "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", SL_TLP_RED },
		{ "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", SL_TLP_CLEAR },
		{ "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", SL_TLP_GREEN },
		{ "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", SL_TLP_AMBER },
		{ "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", SL_TLP_AMBER_STRICT },
		{ "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", SL_TLP_RED },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(id, rows[i].id) == 0)
			return rows[i].tlp;
	return SL_TLP_NONE;
}
