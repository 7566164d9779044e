/* SPDX-License-Identifier: BSD-3-Clause */
/* vnc.c - VNC (RFB, RFC 6143): the versions that both ends say, and the name of the desktop, where
 * the security between allows to follow it; TLS inside is left to its parser. Worker. What both
 * ends say in turn decides how long the next step is. */
#include "gather.h"
#include "parsers.h"
#include "say.h"
#include <sightline/hot.h>

#define VERSION_BYTES 12u /* RFB 003.008 LF */
#define NAME_READ 1024u /* of a desktop's name */
#define INIT 24u /* ServerInit up to its name, RFC 6143 7.3.2 */
#define CHALLENGE 16u

/* RFC 6143 7.1.2, and the registry of its types; 30 is Apple's. */
enum security { INVALID, NONE, VNC_AUTH, TLS_PLAIN = 18, VENCRYPT = 19, APPLE = 30 };
enum step {
	VERSION,
	SECURITY, /* the server's types; the client's choice */
	CHOOSE, /* the server waits for it */
	AUTH, /* a challenge; a response */
	RESULT,
	BEGIN, /* ServerInit; ClientInit */
	OVER,
};

struct vnc {
	struct gather unit[2];
	uint32_t message;
	uint16_t said;
	uint16_t key_bytes; /* Apple's */
	uint8_t minor; /* of the version in use: 3, 7 or 8 */
	uint8_t security; /* enum security, once the step of both is past it */
	uint8_t step[2]; /* enum step, by direction */
	uint8_t server; /* direction */
	bool known; /* which that is */
	bool whole; /* the step at hand is gathered */
};

/* ---- Whether it is VNC ---- */

static enum sl_probe probe_version(struct sl_span in)
{
	static const char form[] = "RFB ddd.ddd\n";
	for (size_t i = 0; i < VERSION_BYTES && i < in.len; i++)
		if (form[i] == 'd' ? in.p[i] < '0' || in.p[i] > '9' : in.p[i] != (uint8_t)form[i])
			return SL_PROBE_NO;
	return in.len < VERSION_BYTES ? SL_PROBE_MORE : SL_PROBE_YES;
}

static enum sl_probe vnc_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	(void)sport;
	(void)dport;
	return probe_version(p->bytes);
}

static bool vnc_begins(uint8_t first)
{
	return first == 'R';
}

/* ---- How many bytes a step is; 0: nobody knows, or it is none ---- */

static uint32_t word(struct sl_span in, size_t at)
{
	struct sl_rd r = sl_rd(sl_span_from(in, at));
	return sl_rd32(&r);
}

static size_t need_server(const struct vnc *v, struct sl_span in)
{
	switch ((enum step)v->step[v->server]) {
	case VERSION:
		return VERSION_BYTES;
	case SECURITY:
		if (v->minor == 3)
			return 4;
		return in.len < 1 ? 1 : 1 + (size_t)in.p[0];
	case AUTH:
		if (v->security == VNC_AUTH)
			return CHALLENGE;
		return in.len < 4 ? 4 : 4 + 2 * (size_t)(in.p[2] << 8 | in.p[3]);
	case RESULT:
		return 4;
	case BEGIN:
		if (in.len < INIT)
			return INIT;
		return INIT + (word(in, INIT - 4) < NAME_READ ? word(in, INIT - 4) : NAME_READ);
	default:
		return 0;
	}
}

static size_t need_client(const struct vnc *v)
{
	switch ((enum step)v->step[!v->server]) {
	case VERSION:
		return VERSION_BYTES;
	case SECURITY:
	case BEGIN:
		return 1;
	case AUTH:
		return v->security == VNC_AUTH ? CHALLENGE : 128 + (size_t)v->key_bytes;
	default:
		return 0;
	}
}

/* ---- A step is there ---- */

/* RFC 6143 7.1.1, appendix A: what is no known version is 3.3, unless it is newer than 3.8. */
static void take_version(struct vnc *v, struct sl_span in)
{
	unsigned major = (unsigned)(in.p[6] - '0'), minor = (unsigned)(in.p[8] - '0') * 100u +
							    (unsigned)(in.p[9] - '0') * 10u +
							    (unsigned)(in.p[10] - '0');
	uint8_t is = major > 3 || minor >= 8 ? 8 : minor == 7 ? 7 : 3;
	if (v->minor == 0 || is < v->minor)
		v->minor = is;
}

/* Both ends know the security now. */
static void agree(struct vnc *v, uint8_t security)
{
	uint8_t *server = &v->step[v->server], *client = &v->step[!v->server];
	v->security = security;
	if (security == NONE) {
		*server = v->minor >= 8 ? RESULT : BEGIN;
		*client = BEGIN;
	} else if (security == VNC_AUTH || security == APPLE) {
		*server = *client = AUTH;
	} else {
		*server = *client = OVER;
	}
}

static void server_step(struct vnc *v, struct sl_span in)
{
	uint8_t *step = &v->step[v->server];
	switch ((enum step) * step) {
	case VERSION:
		take_version(v, in);
		*step = SECURITY;
		break;
	case SECURITY:
		if (v->minor == 3)
			agree(v, word(in, 0) <= VNC_AUTH ? in.p[3] : INVALID);
		else
			*step = in.p[0] > 0 ? CHOOSE : OVER;
		break;
	case AUTH:
		if (v->security == APPLE)
			v->key_bytes = (uint16_t)(in.p[2] << 8 | in.p[3]);
		*step = RESULT;
		break;
	case RESULT:
		*step = word(in, 0) == 0 ? BEGIN : OVER;
		break;
	default:
		*step = OVER;
	}
}

static void client_step(struct vnc *v, struct sl_span in)
{
	uint8_t *step = &v->step[!v->server];
	switch ((enum step) * step) {
	case VERSION:
		take_version(v, in);
		*step = v->minor == 3 ? CHOOSE : SECURITY;
		break;
	case SECURITY:
		agree(v, in.p[0]);
		break;
	case AUTH:
		*step = BEGIN;
		break;
	default:
		*step = OVER;
	}
}

/* Apple's server puts flags before the name; no name has a zero. */
static struct sl_span desktop_name(struct sl_span in)
{
	struct sl_span name = sl_span_from(in, INIT);
	const uint8_t *zero = name.len > 0 ? memrchr(name.p, 0, name.len) : NULL;
	return zero != NULL ? sl_span_from(name, (size_t)(zero - name.p) + 1) : name;
}

static bool step_say(struct vnc *v, enum sl_dir dir, struct sl_batch *b, struct sl_span in)
{
	bool version = v->step[dir] == VERSION, name = v->step[dir] == BEGIN && dir == v->server;
	if (!version && !name)
		return true;
	if (v->message == 0)
		v->message = sl_batch_next_message(b);
	struct say s = { .b = b, .message = v->message, .dir = dir, .said = &v->said };
	if (!(version ? say_plain(&s, SL_WHERE_VNC_VERSION, sl_span(in.p + 4, 7))
		      : say_plain(&s, SL_WHERE_VNC_NAME, desktop_name(in))) ||
		!sl_batch_close(b, dir, v->message))
		return false;
	if (name && word(in, INIT - 4) > NAME_READ)
		parser_count_part(b);
	v->message = 0;
	v->said = 0;
	return true;
}

/* ---- Feed ---- */

/* Who speaks first is the server; where its begin was missed, both say the same. */
static void meet(struct vnc *v, enum sl_dir dir)
{
	if (!v->known)
		v->server = (uint8_t)dir;
	v->known = true;
}

/* SL_DONE: the step is whole, or there is none to come. */
static enum sl_verdict step_gather(
	struct vnc *v, enum sl_dir dir, struct sl_batch *b, struct sl_span in, size_t *used)
{
	struct gather *g = &v->unit[dir];
	while (!v->whole) {
		struct sl_span have = gather_bytes(g);
		size_t need = dir == v->server ? need_server(v, have) : need_client(v);
		if (need <= have.len) {
			v->whole = need > 0;
			return SL_DONE;
		}
		size_t n = need - have.len, left = in.len - *used;
		n = n < left ? n : left;
		if (n == 0)
			return SL_MORE;
		if (!gather_all(g, b, sl_span(in.p + *used, n), GATHER_MAX)) {
			/* Without it nobody knows what follows. */
			parser_count_part(b);
			v->step[dir] = OVER;
			return SL_DONE;
		}
		*used += n;
		if (v->step[dir] == VERSION && probe_version(gather_bytes(g)) == SL_PROBE_NO)
			return SL_BAD;
	}
	return SL_DONE;
}

static enum sl_verdict feed_bytes(
	struct vnc *v, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	enum sl_dir dir = p->dir;
	meet(v, dir);
	while (*consumed < p->bytes.len || v->whole) {
		enum sl_verdict said = step_gather(v, dir, b, p->bytes, consumed);
		if (said != SL_DONE)
			return said;
		if (!v->whole)
			return SL_DONE;
		struct sl_span in = gather_bytes(&v->unit[dir]);
		if (!step_say(v, dir, b, in))
			return SL_FULL;
		if (dir == v->server)
			server_step(v, in);
		else
			client_step(v, in);
		v->whole = false;
		gather_drop(&v->unit[dir], b);
		if (v->security == TLS_PLAIN || v->security == VENCRYPT)
			return SL_NOT_MINE;
	}
	return v->step[dir] == OVER ? SL_DONE : SL_MORE;
}

static enum sl_verdict vnc_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct vnc *v = state;
	*consumed = 0;
	enum sl_verdict said = p->kind == SL_PIECE_BYTES ? feed_bytes(v, p, b, consumed) : SL_DONE;
	if (said == SL_MORE || said == SL_FULL)
		return said;
	/* A hole among the steps ends them; an end between two of them cuts nothing. */
	if (p->kind == SL_PIECE_GAP ? v->step[p->dir] != OVER
				    : p->kind == SL_PIECE_END && v->unit[p->dir].have > 0)
		parser_count_part(b);
	gather_drop(&v->unit[p->dir], b);
	if (said == SL_NOT_MINE) {
		gather_drop(&v->unit[!p->dir], b);
		/* VeNCrypt settles its own version first. */
		b->next = v->security == TLS_PLAIN ? &sl_parser_tls : NULL;
	}
	return said;
}

const struct sl_parser sl_parser_vnc = {
	.name = "vnc",
	.state_bytes = sizeof(struct vnc),
	.over = SL_OVER_TCP,
	.probe = vnc_probe,
	.begins = vnc_begins,
	.feed = vnc_feed,
};
