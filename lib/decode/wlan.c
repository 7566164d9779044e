/* SPDX-License-Identifier: BSD-3-Clause */
/* wlan.c - data frames of IEEE 802.11 (9.2, 9.3.2) and the headers that captures put before them:
 * radiotap (https://www.radiotap.org), AVS and Prism. Worker. Frames that are encrypted, and all
 * fragments but the first, are no IP. */
#include "layers.h"

#include <sightline/hot.h>

enum { FRAME_DATA = 2, SUBTYPE_EMPTY = 4, SUBTYPE_QOS = 8 };
enum { TO_AND_FROM_DS = 0x03, PROTECTED = 0x40, ORDER = 0x80 }; /* second byte of frame control */
enum { QOS_AGGREGATE = 0x80 };

static uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t le32(const uint8_t *p)
{
	return le16(p) | (uint32_t)le16(p + 2) << 16;
}

/* Of frames that were aggregated the first is read: addresses, a length, then LLC. */
static enum sl_drop aggregate(struct layers *l)
{
	struct sl_span h = sl_rd_take(&l->rd, 14);
	if (l->rd.bad)
		return SL_DROP_SHORT;
	uint16_t len = be16(h.p + 12);
	if (len < sl_rd_left(&l->rd))
		l->rd.end = l->rd.p + len;
	return decode_llc(l);
}

/* `padded`: the header takes a multiple of four bytes. */
static enum sl_drop frame(struct layers *l, bool padded)
{
	struct sl_span h = sl_rd_take(&l->rd, 24);
	if (l->rd.bad)
		return SL_DROP_SHORT;
	uint8_t kind = h.p[0], flags = h.p[1], qos = 0;
	if ((kind & 3) != 0 || (kind >> 2 & 3) != FRAME_DATA || kind >> 4 & SUBTYPE_EMPTY ||
		flags & PROTECTED || le16(h.p + 22) & 15)
		return SL_DROP_NOT_IP;
	if ((flags & TO_AND_FROM_DS) == TO_AND_FROM_DS)
		sl_rd_skip(&l->rd, 6);
	if (kind >> 4 & SUBTYPE_QOS) {
		qos = sl_rd8(&l->rd);
		sl_rd_skip(&l->rd, flags & ORDER ? 5 : 1); /* and HT control */
	}
	if (padded)
		sl_rd_skip(&l->rd, (size_t)(h.p - l->rd.p) & 3);
	if (l->rd.bad)
		return SL_DROP_SHORT;
	return qos & QOS_AGGREGATE ? aggregate(l) : decode_llc(l);
}

enum sl_drop decode_wlan(struct layers *l)
{
	return frame(l, false);
}

/* Whether radiotap's flags, the second field, name a padding. Words that say which fields there are
 * go on as long as their bit 31 is set; fields are aligned from the header's start on. */
static bool radiotap_padded(struct sl_span h)
{
	size_t at = 8;
	uint32_t has = le32(h.p + 4);
	if (!(has & 2))
		return false;
	for (uint32_t word = has; word >> 31; at += 4) {
		if (h.len < at + 4)
			return false;
		word = le32(h.p + at);
	}
	if (has & 1) /* a time of eight bytes */
		at = ((at + 7) & ~(size_t)7) + 8;
	return at < h.len && h.p[at] & 0x20;
}

enum sl_drop decode_radiotap(struct layers *l)
{
	if (sl_rd_left(&l->rd) < 8)
		return SL_DROP_SHORT;
	uint16_t len = le16(l->rd.p + 2);
	if (l->rd.p[0] != 0 || len < 8)
		return SL_DROP_NOT_IP;
	struct sl_span h = sl_rd_take(&l->rd, len);
	return l->rd.bad ? SL_DROP_SHORT : frame(l, radiotap_padded(h));
}

/* AVS starts with its version, 0x802110xx, and its length, big-endian; Prism with a message code
 * and its length, in the byte order of whoever captured. */
enum sl_drop decode_prism(struct layers *l)
{
	if (sl_rd_left(&l->rd) < 8)
		return SL_DROP_SHORT;
	uint32_t len = be32(l->rd.p + 4);
	if (be32(l->rd.p) >> 8 != 0x802110 && len > 0xffff)
		len = le32(l->rd.p + 4);
	if (len < 8)
		return SL_DROP_NOT_IP;
	sl_rd_skip(&l->rd, len);
	return l->rd.bad ? SL_DROP_SHORT : frame(l, false);
}
