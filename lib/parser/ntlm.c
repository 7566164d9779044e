/* SPDX-License-Identifier: BSD-3-Clause */
/* ntlm.c - who authenticates by NTLM (MS-NLMP). Worker; looks at bytes, keeps nothing. */
#include "ntlm.h"
#include "le.h"
#include "utf16.h"
#include <sightline/hot.h>

#define SIGNATURE "NTLMSSP"
#define AUTHENTICATE 3
#define NEGOTIATE_UNICODE 1u
#define FLAGS_AT 60u

struct field {
	uint16_t len;
	uint32_t off;
};

static struct field field_read(struct sl_rd *r)
{
	struct field f = { .len = le16(r) };
	sl_rd_skip(r, 2); /* room, which nobody uses */
	f.off = le32(r);
	return f;
}

static size_t text(struct sl_span in, bool unicode, uint8_t *out, size_t cap)
{
	if (unicode)
		return utf16_text(in, out, cap);
	size_t n = in.len < cap ? in.len : cap;
	memcpy(out, in.p, n);
	return n;
}

size_t ntlm_user_of(
	struct sl_span domain, struct sl_span user, bool unicode, uint8_t out[NTLM_USER_MAX])
{
	/* Half of the room each. */
	size_t n = text(domain, unicode, out, NTLM_USER_MAX / 2 - 1);
	if (n > 0)
		out[n++] = '\\';
	size_t u = text(user, unicode, out + n, NTLM_USER_MAX / 2);
	return u > 0 ? n + u : 0;
}

/* Old clients have no flags (MS-NLMP 2.2.1.3 <14>): then the payload begins where they would be. */
static bool unicode_flag(struct sl_span m, struct sl_rd *r, struct field domain, struct field user)
{
	if (domain.off < FLAGS_AT + 4 && user.off < FLAGS_AT + 4) {
		struct sl_span u = le_part(m, user.off, user.len);
		return u.len > 1 && u.len % 2 == 0 && u.p[1] == 0;
	}
	sl_rd_skip(r, 8 + 8); /* workstation, session key */
	uint32_t flags = le32(r);
	return flags & NEGOTIATE_UNICODE;
}

static size_t authenticate(struct sl_span m, uint8_t out[NTLM_USER_MAX])
{
	struct sl_rd r = sl_rd(m);
	sl_rd_skip(&r, sizeof(SIGNATURE));
	uint32_t type = le32(&r);
	sl_rd_skip(&r, 8 + 8); /* the two responses */
	struct field domain = field_read(&r), user = field_read(&r);
	if (r.bad || type != AUTHENTICATE)
		return 0;
	bool unicode = unicode_flag(m, &r, domain, user);
	struct sl_span d = le_part(m, domain.off, domain.len), u = le_part(m, user.off, user.len);
	return r.bad || d.len != domain.len ? 0 : ntlm_user_of(d, u, unicode, out);
}

size_t ntlm_user(struct sl_span blob, uint8_t out[NTLM_USER_MAX])
{
	while (blob.len >= sizeof(SIGNATURE)) {
		const uint8_t *at = memmem(blob.p, blob.len, SIGNATURE, sizeof(SIGNATURE));
		if (at == NULL)
			break;
		struct sl_span m = sl_span_from(blob, (size_t)(at - blob.p));
		size_t n = authenticate(m, out);
		if (n > 0)
			return n;
		blob = sl_span_from(m, sizeof(SIGNATURE));
	}
	return 0;
}
