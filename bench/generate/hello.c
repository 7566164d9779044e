/* SPDX-License-Identifier: BSD-3-Clause */
/* hello.c - TLS 1.3 (RFC 8446) as browsers speak it: a hello of the client with a server's name,
 * the server's, and records that nobody can read. */
#include <string.h>

#include "generate.h"

enum { FOR_TLS = 64 };

static void put8(struct said *s, unsigned v)
{
	said_put(s, &(uint8_t){ (uint8_t)v }, 1);
}

/* Room for a length of two bytes; what is put until `close` is what it counts. */
static uint32_t open_16(struct said *s)
{
	said_put16(s, 0);
	return s->len;
}

static void close_16(struct said *s, uint32_t at)
{
	s->word[at - 2] = (uint8_t)((s->len - at) >> 8);
	s->word[at - 1] = (uint8_t)(s->len - at);
}

static void put_random(
	const struct generator *g, struct said *s, uint64_t id, unsigned what, size_t len)
{
	for (size_t i = 0; i < len; i += 8) {
		uint64_t r = draw(g, id, FOR_TLS + (what + i / 8) * 256);
		said_put(s, &r, 8);
	}
}

static void put_list(struct said *s, unsigned extension, const void *list, unsigned len)
{
	said_put16(s, extension);
	said_put16(s, len + 2);
	said_put16(s, len);
	said_put(s, list, len);
}

static const struct browser {
	unsigned ciphers_len, groups_len;
	const char *ciphers, *groups;
	bool ticket_first;
} browsers[] = {
	{ 30, 6,
		"\x13\x01\x13\x02\x13\x03\xc0\x2b\xc0\x2f\xc0\x2c\xc0\x30\xcc\xa9\xcc\xa8\xc0\x13"
		"\xc0\x14"
		"\x00\x9c\x00\x9d\x00\x2f\x00\x35",
		"\x00\x1d\x00\x17\x00\x18", false },
	{ 34, 8,
		"\x13\x01\x13\x03\x13\x02\xc0\x2b\xc0\x2f\xcc\xa9\xcc\xa8\xc0\x2c\xc0\x30\xc0\x0a"
		"\xc0\x09"
		"\xc0\x13\xc0\x14\x00\x9c\x00\x9d\x00\x2f\x00\x35",
		"\x00\x1d\x00\x17\x00\x18\x00\x19", true },
	{ 18, 4, "\x13\x02\x13\x03\x13\x01\xc0\x2c\xc0\x30\xc0\x2b\xc0\x2f\xcc\xa9\xcc\xa8",
		"\x00\x1d\x00\x17", false },
};

static void put_key_share(const struct generator *g, struct said *s, uint64_t id, bool client)
{
	said_put16(s, 51);
	uint32_t all = open_16(s), list = client ? open_16(s) : 0;
	said_put16(s, 0x001d); /* x25519 */
	said_put16(s, 32);
	put_random(g, s, id, client ? 16 : 20, 32);
	if (client)
		close_16(s, list);
	close_16(s, all);
}

static void put_server_name(const struct generator *g, struct said *s, uint64_t id)
{
	char name[NAME_ROOM];
	size_t len = name_text(g, pick_name(g, draw(g, id, FOR_TLS)), name);
	said_put16(s, 0);
	uint32_t all = open_16(s), list = open_16(s);
	put8(s, 0);
	said_put16(s, (unsigned)len);
	said_put(s, name, len);
	close_16(s, list);
	close_16(s, all);
}

static void put_client_extensions(
	const struct generator *g, struct said *s, uint64_t id, const struct browser *b)
{
	static const char algorithms[] =
		"\x04\x03\x08\x04\x04\x01\x05\x03\x08\x05\x05\x01\x08\x06\x06\x01";
	uint32_t all = open_16(s);
	put_server_name(g, s, id);
	said_put(s, "\0\x17\0\0\xff\x01\0\1\0", 9); /* extended master secret; renegotiation */
	if (b->ticket_first)
		said_put(s, "\0\x23\0\0", 4);
	put_list(s, 10, b->groups, b->groups_len);
	said_put(s, "\0\x0b\0\2\1\0", 6); /* points as they are */
	if (!b->ticket_first)
		said_put(s, "\0\x23\0\0", 4);
	put_list(s, 16, "\2h2\10http/1.1", 12);
	said_put(s, "\0\5\0\5\1\0\0\0\0", 9); /* the certificate's status is asked for */
	put_list(s, 13, algorithms, sizeof(algorithms) - 1);
	put_key_share(g, s, id, true);
	said_put(s, "\0\x2d\0\2\1\1", 6); /* psk with a key exchange */
	said_put(s, "\0\x2b\0\5\4\3\4\3\3", 9); /* 1.3, 1.2 */
	close_16(s, all);
}

/* The head of a handshake record with one message in it; its length is closed with close_16, and
 * the message's own length, three bytes before what follows, with it. */
static uint32_t open_hello(struct said *s, unsigned type, unsigned version)
{
	put8(s, 22);
	said_put16(s, version);
	uint32_t record = open_16(s);
	put8(s, type);
	put8(s, 0);
	said_put16(s, 0);
	return record;
}

static void close_hello(struct said *s, uint32_t record)
{
	close_16(s, record);
	uint32_t len = s->len - record - 4;
	s->word[record + 2] = (uint8_t)(len >> 8);
	s->word[record + 3] = (uint8_t)len;
}

static void say_client_hello(struct generator *g, uint64_t id, struct said *s)
{
	const struct browser *b =
		&browsers[draw(g, id, FOR_TLS + 1) % (sizeof(browsers) / sizeof(browsers[0]))];
	uint32_t record = open_hello(s, 1, 0x0301);
	said_put16(s, 0x0303);
	put_random(g, s, id, 1, 32);
	put8(s, 32);
	put_random(g, s, id, 5, 32);
	said_put16(s, b->ciphers_len);
	said_put(s, b->ciphers, b->ciphers_len);
	said_put(s, "\1\0", 2);
	put_client_extensions(g, s, id, b);
	close_hello(s, record);
}

static void put_encrypted(const struct generator *g, struct said *s, uint64_t random, uint32_t len)
{
	said_put(s, "\x17\3\3", 3);
	said_put16(s, len);
	s->filling = len;
	s->from = g->noise + random % (FILLING / 2);
}

static void say_server_hello(struct generator *g, uint64_t id, uint64_t random, struct said *s)
{
	uint32_t record = open_hello(s, 2, 0x0303);
	said_put16(s, 0x0303);
	put_random(g, s, id, 9, 32);
	put8(s, 32);
	put_random(g, s, id, 5, 32);
	said_put(s, "\x13\1\0", 3);
	uint32_t all = open_16(s);
	said_put(s, "\0\x2b\0\2\3\4", 6);
	put_key_share(g, s, id, false);
	close_16(s, all);
	close_hello(s, record);
	said_put(s, "\x14\3\3\0\1\1", 6);
	put_encrypted(g, s, random, 2500 + (uint32_t)(random >> 32) % 2000); /* certificates */
}

/* Turns: hello, hello and certificates, finished, then questions and answers. */
void say_tls(struct generator *g, uint64_t id, unsigned turn, struct said *s)
{
	uint64_t r = draw(g, id, FOR_TLS + 32 * 256 + turn);
	s->side = turn % 2;
	if (turn == 0) {
		say_client_hello(g, id, s);
	} else if (turn == 1) {
		say_server_hello(g, id, r, s);
	} else if (turn % 2 == 0) {
		if (turn == 2) {
			said_put(s, "\x14\3\3\0\1\1\x17\3\3\0\x35", 11);
			memcpy(s->word + s->len, g->noise + r % 1024, 53);
			s->len += 53;
		}
		put_encrypted(g, s, r, 80 + (uint32_t)(r >> 32) % 600);
	} else {
		put_encrypted(g, s, r, 100 + (uint32_t)(r >> 32) % (200u << (r >> 20) % 7));
	}
}
