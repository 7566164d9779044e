/* SPDX-License-Identifier: BSD-3-Clause */
/* quic_packet.c - headers, keys and frames of QUIC's Initial packets. Worker; pure. */
#include <sightline/digest.h>

#include "quic_packet.h"
#include <sightline/hot.h>

#define SALT 20
#define LONG 0x80
#define SAMPLE 16 /* RFC 9001 5.4.2 */
#define NUMBER_MAX 4 /* bytes of a packet number, at most */

enum { FRAME_PADDING = 0, FRAME_PING = 1, FRAME_ACK = 2, FRAME_ACK_ECN = 3, FRAME_CRYPTO = 6 };
enum { FRAME_CLOSE = 0x1c };

/* What versions differ in. */
struct edition {
	const uint8_t *salt;
	bool second; /* RFC 9369: other types of packets and other labels */
	bool nibbles; /* both lengths of connection ids stand in one byte */
};

static const uint8_t salt_17[SALT] = { 0xef, 0x4f, 0xb0, 0xab, 0xb4, 0x74, 0x70, 0xc4, 0x1b, 0xef,
	0xcf, 0x80, 0x31, 0x33, 0x4f, 0xae, 0x48, 0x5e, 0x09, 0xa0 };
static const uint8_t salt_21[SALT] = { 0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9, 0x19, 0x3a,
	0x96, 0xcd, 0x21, 0x51, 0x9e, 0xbd, 0x7a, 0x02, 0x64, 0x4a };
static const uint8_t salt_23[SALT] = { 0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7,
	0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02 };
static const uint8_t salt_29[SALT] = { 0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
	0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99 };
static const uint8_t salt_1[SALT] = { 0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
	0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a };
static const uint8_t salt_2_draft[SALT] = { 0xa7, 0x07, 0xc2, 0x03, 0xa5, 0x9b, 0x47, 0x18, 0x4a,
	0x1d, 0x62, 0xca, 0x57, 0x04, 0x06, 0xea, 0x7a, 0xe3, 0xe5, 0xd3 };
static const uint8_t salt_2[SALT] = { 0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
	0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9 };
static const uint8_t salt_q050[SALT] = { 0x50, 0x45, 0x74, 0xef, 0xd0, 0x66, 0xfe, 0x2f, 0x9d, 0x94,
	0x5c, 0xfc, 0xdb, 0xd3, 0xa7, 0xf0, 0xd3, 0xb5, 0x6b, 0x45 };
static const uint8_t salt_t050[SALT] = { 0x7f, 0xf5, 0x79, 0xe5, 0xac, 0xd0, 0x72, 0x91, 0x55, 0x80,
	0x30, 0x4c, 0x43, 0xa2, 0x36, 0x7c, 0x60, 0x48, 0x83, 0x10 };
static const uint8_t salt_t051[SALT] = { 0x7a, 0x4e, 0xde, 0xf4, 0xe7, 0xcc, 0xee, 0x5f, 0xa4, 0x50,
	0x6c, 0x19, 0x12, 0x4f, 0xc8, 0xcc, 0xda, 0x6e, 0x03, 0x3d };

/* First and last version of a run that is sealed alike. */
static const struct {
	uint32_t first, last;
	struct edition edition;
} editions[] = {
	{ 0x00000001, 0x00000001, { .salt = salt_1 } },
	{ 0x6b3343cf, 0x6b3343cf, { .salt = salt_2, .second = true } },
	{ 0x709a50c4, 0x709a50c4, { .salt = salt_2_draft, .second = true } },
	{ 0xff000021, 0xff000022, { .salt = salt_1 } }, /* drafts 33 and 34 */
	{ 0xff00001d, 0xff000020, { .salt = salt_29 } },
	{ 0xff000017, 0xff00001c, { .salt = salt_23 } },
	{ 0xff000016, 0xff000016, { .salt = salt_21 } },
	{ 0xff000015, 0xff000015, { .salt = salt_21, .nibbles = true } },
	{ 0xff000011, 0xff000014, { .salt = salt_17, .nibbles = true } },
	{ 0xfaceb001, 0xfaceb001, { .salt = salt_21 } }, /* Facebook's, upon drafts 22 and 27 */
	{ 0xfaceb002, 0xfaceb002, { .salt = salt_23 } },
	{ 0xfaceb00e, 0xfaceb00e, { .salt = salt_23 } },
	{ 0x51303530, 0x51303530, { .salt = salt_q050 } }, /* Google's Q050, T050 and T051 */
	{ 0x54303530, 0x54303530, { .salt = salt_t050 } },
	{ 0x54303531, 0x54303531, { .salt = salt_t051 } },
};

static const struct edition *edition_of(uint32_t version)
{
	for (size_t i = 0; i < sizeof(editions) / sizeof(editions[0]); i++)
		if (version >= editions[i].first && version <= editions[i].last)
			return &editions[i].edition;
	return NULL;
}

bool quic_version_known(uint32_t version)
{
	return edition_of(version) != NULL;
}

/* ---- Headers ---- */

/* Lengths as drafts before 22 have them: 0, or 3 more than what stands there. */
static size_t nibble_len(unsigned v)
{
	return v == 0 ? 0 : v + 3;
}

static void read_ids(struct sl_rd *r, struct quic_packet *p, bool nibbles)
{
	size_t to = sl_rd8(r), from = 0;
	if (nibbles) {
		from = nibble_len(to & 15);
		to = nibble_len((unsigned)to >> 4);
	}
	p->to = sl_rd_take(r, to);
	if (!nibbles)
		from = sl_rd8(r);
	p->from = sl_rd_take(r, from);
	r->bad |= p->to.len > QUIC_ID_MAX || p->from.len > QUIC_ID_MAX;
}

/* What a known version has behind the ids (RFC 9000 17.2.2 to 17.2.5). */
static void read_rest(struct sl_rd *r, struct quic_packet *p, const struct edition *e, uint8_t type)
{
	static const uint8_t kinds[2][4] = { { QUIC_INITIAL, QUIC_EARLY, QUIC_HANDSHAKE,
						     QUIC_RETRY },
		{ QUIC_RETRY, QUIC_INITIAL, QUIC_EARLY, QUIC_HANDSHAKE } };
	p->kind = (enum quic_kind)kinds[e->second][type];
	if (p->kind == QUIC_RETRY) {
		sl_rd_skip(r, sl_rd_left(r));
		return;
	}
	if (p->kind == QUIC_INITIAL)
		sl_rd_skip(r, quic_varint(r)); /* token */
	uint64_t len = quic_varint(r);
	p->number_at = (size_t)(r->p - p->all.p);
	sl_rd_skip(r, len);
}

bool quic_packet_next(struct sl_rd *r, struct quic_packet *p)
{
	if (r->bad || sl_rd_left(r) == 0)
		return false;
	*p = (struct quic_packet){ .kind = QUIC_SHORT, .all = sl_span(r->p, sl_rd_left(r)) };
	uint8_t first = sl_rd8(r);
	if ((first & LONG) == 0) {
		sl_rd_skip(r, sl_rd_left(r));
		return true;
	}
	p->version = sl_rd32(r);
	const struct edition *e = edition_of(p->version);
	read_ids(r, p, e != NULL && e->nibbles);
	if (e == NULL) {
		p->kind = p->version == 0 ? QUIC_NEGOTIATION : QUIC_STRANGE;
		sl_rd_skip(r, sl_rd_left(r));
	} else {
		read_rest(r, p, e, first >> 4 & 3);
	}
	p->all.len = (size_t)(r->p - p->all.p);
	return !r->bad;
}

/* ---- Keys (RFC 9001 5.2, RFC 9369 3.3) ---- */

bool quic_keys_derive(uint32_t version, struct sl_span id, struct quic_keys keys[2])
{
	static const char *const side[2] = { "client in", "server in" };
	static const char *const label[2][3] = { { "quic key", "quic iv", "quic hp" },
		{ "quicv2 key", "quicv2 iv", "quicv2 hp" } };
	const struct edition *e = edition_of(version);
	uint8_t initial[SL_DIGEST_MAX], secret[SL_DIGEST_MAX];
	if (e == NULL)
		return false;
	sl_hkdf_extract(e->salt, SALT, id.p, id.len, initial);
	for (unsigned i = 0; i < 2; i++) {
		sl_hkdf_label(initial, side[i], secret, sizeof(secret));
		sl_hkdf_label(secret, label[e->second][0], keys[i].key, SL_AEAD_KEY);
		sl_hkdf_label(secret, label[e->second][1], keys[i].iv, SL_AEAD_IV);
		sl_hkdf_label(secret, label[e->second][2], keys[i].hp, SL_AEAD_KEY);
	}
	return true;
}

/* ---- Opening (RFC 9001 5.3, 5.4) ---- */

/* Packet numbers of Initials begin low, and the first is written in full (RFC 9000 A.2): what was
 * cut off of a later one would not be zero only after millions of packets. */
bool quic_open(struct sl_aead *a, const struct quic_keys *k, const struct quic_packet *p,
	struct sl_span *plain)
{
	uint8_t mask[16], iv[SL_AEAD_IV], number[NUMBER_MAX];
	const uint8_t *at = p->all.p + p->number_at;
	if (a == NULL || p->kind != QUIC_INITIAL ||
		p->all.len < p->number_at + NUMBER_MAX + SAMPLE ||
		!sl_aead_block(a, k->hp, at + NUMBER_MAX, mask))
		return false;
	uint8_t first = p->all.p[0] ^ (mask[0] & 0x0f);
	size_t n = (first & 3u) + 1;
	memcpy(iv, k->iv, sizeof(iv));
	for (size_t i = 0; i < n; i++) {
		number[i] = at[i] ^ mask[1 + i];
		iv[sizeof(iv) - n + i] ^= number[i];
	}
	struct sl_span with[3] = { sl_span(&first, 1), sl_span(p->all.p + 1, p->number_at - 1),
		sl_span(number, n) };
	return sl_aead_open(a, k->key, iv, with, 3, sl_span_from(p->all, p->number_at + n), plain);
}

/* ---- Frames ---- */

static void skip_ack(struct sl_rd *r, bool ecn)
{
	(void)quic_varint(r); /* largest */
	(void)quic_varint(r); /* delay */
	uint64_t ranges = quic_varint(r);
	(void)quic_varint(r); /* the first range */
	while (!r->bad && ranges-- > 0) {
		(void)quic_varint(r);
		(void)quic_varint(r);
	}
	for (unsigned i = 0; ecn && i < 3; i++)
		(void)quic_varint(r);
}

bool quic_crypto_next(struct sl_rd *r, uint64_t *offset, struct sl_span *bytes)
{
	while (!r->bad && sl_rd_left(r)) {
		uint64_t type = quic_varint(r);
		switch (type) {
		case FRAME_PADDING:
		case FRAME_PING:
			break;
		case FRAME_ACK:
		case FRAME_ACK_ECN:
			skip_ack(r, type == FRAME_ACK_ECN);
			break;
		case FRAME_CRYPTO:
			*offset = quic_varint(r);
			*bytes = sl_rd_take(r, quic_varint(r));
			return !r->bad;
		case FRAME_CLOSE:
			(void)quic_varint(r); /* error */
			(void)quic_varint(r); /* type of frame */
			sl_rd_skip(r, quic_varint(r)); /* reason */
			break;
		default:
			r->bad = true;
		}
	}
	return false;
}
