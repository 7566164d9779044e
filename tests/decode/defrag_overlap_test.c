/* SPDX-License-Identifier: BSD-3-Clause */
/* defrag_overlap_test.c - whose bytes a datagram has where its fragments overlap. */
#include "pieces.h"

#include <stdlib.h>

static struct pieces *with_policy(const char *text)
{
	static struct sl_overlap_nets *nets;
	struct sl_defrag_options o = sl_defrag_defaults;
	sl_overlap_nets_free(nets);
	assert_int_equal(sl_overlap_nets_new(&nets), 0);
	assert_int_equal(sl_overlap_nets_add(nets, text, strlen(text)), 0);
	o.overlap = nets;
	return pieces_new(&o);
}

static const char *const policies[SL_OVERLAP_COUNT] = { "first", "last", "bsd", "linux",
	"windows" };

struct row {
	char letter;
	uint16_t at, len;
};

/* The fragments of Novak, Target-Based Fragmentation Reassembly (2005), figure 2 and its answers.
 */
static const struct row novak[] = { { 'A', 0, 24 }, { 'B', 32, 16 }, { 'C', 48, 24 },
	{ 'D', 80, 8 }, { 'E', 104, 16 }, { 'F', 120, 24 }, { 'G', 144, 16 }, { 'H', 160, 16 },
	{ 'I', 176, 8 }, { 'J', 8, 32 }, { 'K', 48, 24 }, { 'L', 72, 24 }, { 'M', 96, 24 },
	{ 'N', 128, 8 }, { 'O', 152, 8 }, { 'P', 160, 8 }, { 'Q', 176, 16 } };
static const char *const novak_answer[SL_OVERLAP_COUNT] = {
	[SL_OVERLAP_FIRST] = "AAJBBCCCLDLMEEFFFGGHHIQ",
	[SL_OVERLAP_LAST] = "JJJJBKKKLLLMMMFNFGOPHQQ",
	[SL_OVERLAP_BSD] = "AAJJBCCCLLLMMMFFFGGHHIQ",
	[SL_OVERLAP_LINUX] = "AAJJBKKKLLLMMMFFFGGPHQQ",
	[SL_OVERLAP_WINDOWS] = "AAJBBCCCLLLMEEFFFGGHHIQ",
};

static void every_policy_answers_as_its_model(void **state)
{
	const unsigned n = sizeof(novak) / sizeof(novak[0]);
	for (unsigned policy = 0; policy < SL_OVERLAP_COUNT; policy++) {
		struct pieces *s = with_policy(policies[policy]);
		for (unsigned i = 0; i < n; i++)
			assert_int_equal(
				fill4(s, 12, novak[i].at, i < n - 1, novak[i].letter, novak[i].len),
				i == n - 1);
		assert_string_equal(letters(s), novak_answer[policy]);
		assert_int_equal(counted(s, SL_C_DEFRAG_WHOLE), 1);
		assert_int_equal(counted(s, SL_C_FRAGMENT_OVERLAP), 8);
		assert_int_equal(counted(s, SL_C_FRAGMENT_CONFLICT), 8);
		assert_int_equal(counted(s, SL_C_FRAGMENTS), n);
		pieces_free(s);
	}
}

static void the_policy_is_the_receivers(void **state)
{
	struct pieces *s = with_policy("198.51.100.0/24=last");
	fill4(s, 1, 0, true, 'A', 24);
	fill4(s, 1, 8, true, 'B', 16);
	assert_true(fill4(s, 1, 24, false, 'C', 8));
	assert_string_equal(letters(s), "BBC");
	pieces_free(s);
	s = with_policy("192.0.2.0/24=last"); /* the sender's */
	fill4(s, 1, 0, true, 'A', 24);
	fill4(s, 1, 8, true, 'B', 16);
	assert_true(fill4(s, 1, 24, false, 'C', 8));
	assert_string_equal(letters(s), "AAC");
	pieces_free(s);
}

/* ---- A slow model, byte by byte ---- */

#define MODEL 4096

struct model {
	uint8_t byte[MODEL];
	uint16_t from[MODEL], to[MODEL];
	unsigned covered;
};

static bool model_newer(enum sl_overlap policy, struct row r, unsigned from, unsigned to)
{
	switch (policy) {
	case SL_OVERLAP_FIRST:
		return false;
	case SL_OVERLAP_LAST:
		return true;
	case SL_OVERLAP_BSD:
		return r.at < from;
	case SL_OVERLAP_LINUX:
		return r.at <= from;
	case SL_OVERLAP_WINDOWS:
		break;
	}
	return r.at < from && r.at + r.len > to;
}

static void model_put(struct model *m, enum sl_overlap policy, struct row r, const uint8_t *p)
{
	for (unsigned i = r.at; i < r.at + r.len; i++) {
		if (m->to[i] != 0 && !model_newer(policy, r, m->from[i], m->to[i]))
			continue;
		m->covered += m->to[i] == 0;
		m->from[i] = r.at;
		m->to[i] = (uint16_t)(r.at + r.len);
		m->byte[i] = p[i - r.at];
	}
}

static void random_fragments_agree_with_the_model(void **state)
{
	for (unsigned seed = 0; seed < 600; seed++) {
		enum sl_overlap policy = (enum sl_overlap)(seed % SL_OVERLAP_COUNT);
		struct pieces *s = with_policy(policies[policy]);
		static struct model m;
		memset(&m, 0, sizeof(m));
		srand(seed + 1);
		/* The last one is there from the start and is one unit, so that the end is known
		 * and the datagram whole as soon as nothing is missing. */
		unsigned units = 2 + (unsigned)rand() % (seed % 3 ? 40 : MODEL / 8 - 2);
		struct row last = { 'z', (uint16_t)((units - 1) * 8), (uint16_t)(1 + rand() % 8) };
		uint8_t p[MODEL];
		memset(p, 'z', sizeof(p));
		bool whole = send4(s, 9, last.at, false, p, last.len);
		model_put(&m, policy, last, p);
		while (!whole) {
			unsigned from = (unsigned)rand() % (units - 1);
			unsigned most = units - 1 - from;
			struct row r = { 0, (uint16_t)(from * 8),
				(uint16_t)(8 * (1 + (unsigned)rand() % most)) };
			for (unsigned i = 0; i < r.len; i++)
				p[i] = (uint8_t)rand();
			whole = send4(s, 9, r.at, true, p, r.len);
			model_put(&m, policy, r, p);
			assert_int_equal(whole, m.covered == last.at + last.len);
		}
		uint32_t len = last.at + last.len - 8u;
		uint16_t udp = (uint16_t)(m.byte[4] << 8 | m.byte[5]);
		if (s->p.flags & SL_PKT_L4 && (udp == 0 || udp >= len + 8)) {
			assert_int_equal(s->p.payload_len, len);
			assert_memory_equal(s->p.payload, m.byte + 8, len);
		}
		pieces_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_policy_answers_as_its_model),
		cmocka_unit_test(the_policy_is_the_receivers),
		cmocka_unit_test(random_fragments_agree_with_the_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
