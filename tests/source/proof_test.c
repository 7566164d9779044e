/* SPDX-License-Identifier: BSD-3-Clause */
/* proof_test.c - a device's choice of queues, compared with what its packets say: where it is right
 * workers take from it, where it is wrong the dispatcher does, no packet is lost, none comes out of
 * its order, and no pair of addresses changes its worker. */
#include "card.h"

#include <sightline/packet.h>

#include "../../lib/source/proof.h"

#define CHECKED "sightline_port_hash_checked_packets_total"
#define WRONG "sightline_port_hash_wrong_packets_total"
#define PROVEN "sightline_port_spread_proven"
#define ENOUGH 10000

static void put_many(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		put_right(i * 7 % PAIRS);
		if (i % 50 == 49)
			drain();
	}
}

static void right(unsigned workers)
{
	card_open(workers);
	put_many(ENOUGH - 1);
	drain();
	look();
	assert_null(strstr(card.said, "proven:"));
	assert_int_equal(counted(PROVEN), 0);
	put_many(2000);
	drain();
	look();
	assert_int_equal(counted(PROVEN), workers > 1);
	assert_int_equal(counted(WRONG), 0);
	assert_int_equal(counted(CHECKED), workers > 1 ? ENOUGH : 0);
	assert_true((strstr(card.said, "proven: 10000 packets") != NULL) == (workers > 1));
	assert_true(
		(strstr(card.said, "by its configuration, read back") != NULL) == (workers > 1));
	stop();
	assert_int_equal(card.got, card.put);
	assert_int_equal(counted("sightline_missed_packets_total"), 0);
	for (unsigned i = 0; i < PAIRS; i++)
		assert_int_equal(card.worker[i], home_of(i));
	card_close();
}

static void test_right(void **state)
{
	for (unsigned workers = 1; workers <= WORKERS; workers++)
		right(workers);
}

/* After a thousand good ones, among others that wait. */
static void wrong(unsigned workers, bool queue)
{
	card_open(workers);
	put_many(1000);
	unsigned home = home_of(3), at = queue ? (home + 1) % workers : home;
	struct rte_mbuf *m = packet(3, at);
	if (!queue)
		m->hash.rss ^= 1;
	put(m, at);
	for (unsigned i = 0; i < 200; i++)
		put_right(i % PAIRS == 3 ? 4 : i % PAIRS); /* 3's is on its way elsewhere */
	drain();
	look();
	assert_non_null(strstr(card.said, "not proven: of "));
	put_many(3000);
	for (unsigned i = 0; i < 200; i++)
		put_right(i % PAIRS);
	stop(); /* with those in flight */
	assert_int_equal(card.got, card.put);
	assert_int_equal(counted(WRONG), 1);
	assert_int_equal(counted(PROVEN), 0);
	assert_int_equal(counted("sightline_missed_packets_total"), 0);
	for (unsigned i = 0; i < PAIRS; i++)
		assert_int_equal(card.worker[i], home_of(i));
	card_close();
}

static void test_wrong_queue(void **state)
{
	for (unsigned workers = 2; workers <= WORKERS; workers++)
		wrong(workers, true);
}

static void test_wrong_hash(void **state)
{
	for (unsigned workers = 2; workers <= WORKERS; workers++)
		wrong(workers, false);
}

/* What the device doesn't spread at all. */
static void test_one_queue_gets_all(void **state)
{
	card_open(3);
	for (unsigned i = 0; i < 5000; i++) {
		put(packet(i % PAIRS, 0), 0);
		if (i % 100 == 99)
			drain();
	}
	stop();
	assert_int_equal(card.got, card.put);
	for (unsigned i = 0; i < PAIRS; i++)
		assert_int_equal(card.worker[i], home_of(i));
	card_close();
}

/* A worker has found the end of its queue when another finds what belongs to it. */
static void test_wrong_at_the_end(void **state)
{
	card_open(3);
	unsigned home = home_of(5), at = (home + 1) % 3;
	put(packet(5, at), at);
	card.s->ops->stop(card.s);
	for (unsigned i = 0; i < 100; i++)
		turn(home);
	assert_false(card.ended[home]);
	stop();
	assert_int_equal(card.got, 1);
	assert_int_equal(card.worker[5], home);
	card_close();
}

/* Packets without a hash are known by their queue alone. */
static void test_bare(void **state)
{
	card_open(2);
	for (unsigned i = 0; i < ENOUGH; i++) {
		unsigned pair = i % PAIRS;
		struct rte_mbuf *m = packet(pair, home_of(pair));
		m->ol_flags = 0;
		put(m, home_of(pair));
		if (i % 100 == 99)
			drain();
	}
	drain();
	assert_int_equal(counted(PROVEN), 1);
	assert_int_equal(counted("sightline_port_hash_bare_packets_total"), ENOUGH);
	stop();
	card_close();
}

/* Ports as well as addresses: a device that leaves them out is wrong. */
static void tuple(bool hashed)
{
	card_open_as(3, SL_SPREAD_TUPLE);
	assert_non_null(strstr(card.said, "symmetric hash of addresses and ports"));
	for (unsigned i = 0; i < 3000; i++) {
		unsigned pair = i % PAIRS;
		uint32_t words[3], port = 1000 + pair, back = (card.next[pair] + 1) & 1;
		address(pair, back, words);
		words[2] = back ? 80 << 16 | port : port << 16 | 80;
		uint32_t hash = hash_of(words, hashed ? 3 : 2);
		struct rte_mbuf *m = packet(pair, hash % 128 % 3);
		uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);
		for (unsigned k = 0; k < 4; k++)
			p[34 + k] = (uint8_t)(words[2] >> (24 - k * 8));
		m->hash.rss = hash;
		put(m, hash % 128 % 3);
		if (i % 50 == 49)
			drain();
	}
	stop();
	assert_int_equal(card.got, card.put);
	assert_true((counted(WRONG) == 0) == hashed);
	card_close();
}

static void test_tuple(void **state)
{
	tuple(true);
	tuple(false);
}

/* ARP says nothing for or against. */
static void test_no_addresses(void **state)
{
	card_open(2);
	for (unsigned i = 0; i < 300; i++) {
		struct rte_mbuf *m = packet(i & 1, i & 1);
		rte_pktmbuf_mtod(m, uint8_t *)[13] = 6;
		put(m, i & 1);
	}
	drain();
	assert_int_equal(counted(CHECKED), 0);
	stop();
	assert_int_equal(card.worker[0], 0);
	assert_int_equal(card.worker[1], 1);
	card_close();
}

/* A device was found wrong: what a worker has not taken from its lane is what fills its queue. */
static void test_fill_of_a_lane(void **state)
{
	card_open(2);
	unsigned pair = 0;
	while (home_of(pair) != 1)
		pair++;
	put(packet(pair, 0), 0);
	drain();
	while (counted("sightline_missed_packets_total") == 0) {
		put(packet(pair, 0), 0);
		while (rte_ring_count(card.ring[0]) > 64)
			;
	}
	assert_int_equal(card.s->ops->fill(card.s, 1), SL_QUEUE_FULL);
	assert_int_equal(card.s->ops->fill(card.s, 0), 0);
	card_close();
}

/* One worker settles that the device is believed while another finds a packet that is not its own:
 * nobody deals, so that it stays where it came. */
static void test_wrong_and_believed(void **state)
{
	alignas(4) uint8_t key[PROOF_BYTES + 4];
	const uint16_t table[] = { 0, 1 };
	const struct proof_spread s = { .key = key, .table = table, .entries = 2, .queues = 2 };
	uint8_t f[FRAME] = { [12] = 8, 0, 0x45, [16] = 0, 50, [23] = 17, [29] = 1, [33] = 2 };
	struct proof *p;
	_Atomic bool doubt = false;
	memset(key, 0x6d, sizeof(key));
	assert_int_equal(proof_new(&p, &s), 0);
	p->doubt = &doubt;
	uint64_t checked, wrong;
	unsigned home = proof_look(p, 0, f, sizeof(f), NULL);
	proof_sums(p, &checked, &wrong);
	assert_int_equal(checked, 1);
	assert_int_equal(doubt, home != 0);
	doubt = false;
	p->state = PROOF_HOLDS;
	assert_int_equal(proof_look(p, (uint16_t)!home, f, sizeof(f), NULL), !home);
	assert_false(doubt);
	assert_int_equal(proof_state(p), PROOF_HOLDS);
	proof_free(p);
}

/* Nobody took a packet. */
static void test_closed_at_once(void **state)
{
	card_open(3);
	card_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_wrong_queue),
		cmocka_unit_test(test_wrong_hash),
		cmocka_unit_test(test_one_queue_gets_all),
		cmocka_unit_test(test_wrong_at_the_end),
		cmocka_unit_test(test_bare),
		cmocka_unit_test(test_tuple),
		cmocka_unit_test(test_no_addresses),
		cmocka_unit_test(test_fill_of_a_lane),
		cmocka_unit_test(test_wrong_and_believed),
		cmocka_unit_test(test_closed_at_once),
	};
	return cmocka_run_group_tests(tests, card_environment, NULL);
}
