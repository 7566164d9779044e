/* SPDX-License-Identifier: BSD-3-Clause */
/* ftp_port.c - reads the ports and addresses of FTP's data connections. Worker; pure; bounded by
 * the length of a line. */
#include <sightline/addr.h>

#include "ftp_port.h"
#include <sightline/hot.h>

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* A decimal number up to `max`; bad where there is none. */
static uint32_t number(struct sl_rd *r, uint32_t max)
{
	uint32_t n = 0;
	bool any = false;
	while (sl_rd_left(r) && is_digit(*r->p) && n <= max) {
		n = n * 10 + (uint32_t)(*r->p++ - '0');
		any = true;
	}
	r->bad |= !any || n > max;
	return n;
}

static bool six_at(struct sl_span text, struct ftp_port *out)
{
	struct sl_rd r = sl_rd(text);
	uint8_t v[6];
	for (unsigned i = 0; i < 6; i++) {
		if (i > 0 && sl_rd8(&r) != ',')
			return false;
		v[i] = (uint8_t)number(&r, 255);
		if (r.bad)
			return false;
	}
	*out = (struct ftp_port){ .port = (uint16_t)(v[4] << 8 | v[5]), .address_len = 4 };
	memcpy(out->address, v, 4);
	return out->port != 0;
}

bool ftp_port_six(struct sl_span text, struct ftp_port *out)
{
	for (size_t i = 0; i < text.len; i++)
		if (is_digit(text.p[i]) && (i == 0 || !is_digit(text.p[i - 1])) &&
			six_at(sl_span_from(text, i), out))
			return true;
	return false;
}

static uint16_t port_of(struct sl_span s)
{
	struct sl_rd r = sl_rd(s);
	uint32_t n = number(&r, UINT16_MAX);
	return r.bad || sl_rd_left(&r) ? 0 : (uint16_t)n;
}

bool ftp_port_eprt(struct sl_span text, struct ftp_port *out)
{
	struct sl_rd r = sl_rd(text);
	uint8_t delimiter = sl_rd8(&r);
	struct sl_span family = sl_rd_until(&r, delimiter), host = sl_rd_until(&r, delimiter);
	uint16_t port = port_of(sl_rd_until(&r, delimiter));
	union sl_addr a;
	uint8_t version;
	if (r.bad || port == 0 || family.len != 1 ||
		!sl_addr_parse((const char *)host.p, host.len, &a, &version) ||
		family.p[0] != (version == 4 ? '1' : '2'))
		return false;
	*out = (struct ftp_port){ .port = port, .address_len = version == 4 ? 4 : 16 };
	memcpy(out->address, a.b, out->address_len);
	return true;
}

bool ftp_port_epsv(struct sl_span text, struct ftp_port *out)
{
	const uint8_t *open = text.len ? memchr(text.p, '(', text.len) : NULL;
	if (open == NULL)
		return false;
	struct sl_rd r = sl_rd(sl_span_from(text, (size_t)(open - text.p) + 1));
	uint8_t delimiter = sl_rd8(&r);
	(void)sl_rd_until(&r, delimiter);
	(void)sl_rd_until(&r, delimiter);
	uint16_t port = port_of(sl_rd_until(&r, delimiter));
	if (r.bad || port == 0)
		return false;
	*out = (struct ftp_port){ .port = port };
	return true;
}
