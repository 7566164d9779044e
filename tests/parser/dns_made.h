/* SPDX-License-Identifier: BSD-3-Clause */
/* dns_made.h - messages of DNS, made. */
#ifndef TEST_PARSER_DNS_MADE_H
#define TEST_PARSER_DNS_MADE_H

#include <stdint.h>
#include <string.h>

struct msg {
	size_t len;
	uint8_t b[2048];
};

static inline void put16(struct msg *m, unsigned v)
{
	m->b[m->len++] = (uint8_t)(v >> 8);
	m->b[m->len++] = (uint8_t)v;
}

static inline struct msg message(unsigned id, unsigned flags, unsigned qd, unsigned an)
{
	struct msg m = { .len = 0 };
	put16(&m, id);
	put16(&m, flags);
	put16(&m, qd);
	put16(&m, an);
	put16(&m, 0);
	put16(&m, 0);
	return m;
}

static inline void put_name(struct msg *m, const char *name)
{
	while (*name) {
		size_t n = strcspn(name, ".");
		m->b[m->len++] = (uint8_t)n;
		memcpy(m->b + m->len, name, n);
		m->len += n;
		name += n + (name[n] == '.');
	}
	m->b[m->len++] = 0;
}

static inline void put_question(struct msg *m, const char *name, unsigned type)
{
	put_name(m, name);
	put16(m, type);
	put16(m, 1);
}

static inline void put_record(
	struct msg *m, const char *name, unsigned type, const void *data, size_t len)
{
	put_question(m, name, type);
	put16(m, 0);
	put16(m, 60);
	put16(m, (unsigned)len);
	memcpy(m->b + m->len, data, len);
	m->len += len;
}

#endif
