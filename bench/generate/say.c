/* SPDX-License-Identifier: BSD-3-Clause */
/* say.c - what flows say: names as people make them, HTTP/1.1, DNS. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "generate.h"

enum { FOR_NAME = 1, FOR_HTTP, FOR_DNS, FOR_POOL };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PICK(a, random) ((a)[(random) % COUNT(a)])

static const char *const syllables[] = { "an", "ar", "ber", "blue", "bo", "ca", "cent", "co", "da",
	"del", "di", "do", "el", "en", "fa", "fi", "flo", "ga", "gle", "go", "gra", "ha", "in",
	"ka", "ki", "la", "lex", "li", "lo", "lu", "ma", "me", "mo", "na", "net", "ni", "no",
	"nova", "on", "or", "pa", "pix", "po", "qua", "ra", "re", "ri", "ro", "sa", "se", "shop",
	"sky", "so", "sta", "ta", "tech", "ti", "to", "tra", "tron", "va", "ver", "vi", "web", "wi",
	"xa", "ya", "za", "zen", "zo" };
static const char *const zones[] = { "com", "com", "com", "com", "com", "com", "net", "net", "org",
	"de", "io", "co.uk", "fr", "info", "com.br", "ru", "nl", "app", "xyz", "com.au" };
static const char *const hosts[] = { "www.", "www.", "www.", "", "", "api.", "cdn.", "static.",
	"img.", "mail.", "login.", "assets.", "eu-west-1.api.", "s3.", "m.", "news." };
static const char *const agents[] = {
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
	"Chrome/126.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
	"Version/17.5 Safari/605.1.15",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
	"Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0",
	"Microsoft-CryptoAPI/10.0", "curl/7.88.1", "python-requests/2.31.0"
};
static const char *const words[] = { "account", "article", "assets", "blog", "cart", "content",
	"data", "download", "feed", "gallery", "home", "images", "index", "item", "js", "latest",
	"list", "main", "media", "news", "order", "page", "photo", "product", "profile", "public",
	"query", "report", "search", "session", "story", "style", "theme", "update", "user",
	"video", "view", "weather", "widget", "world" };
static const struct {
	const char *suffix, *type;
} things[] = { { ".html", "text/html; charset=utf-8" }, { "", "text/html; charset=utf-8" },
	{ ".js", "application/javascript" }, { ".css", "text/css" },
	{ ".json", "application/json" }, { ".woff2", "font/woff2" },
	{ ".dat", "application/octet-stream" }, { ".bin", "application/octet-stream" } };

uint64_t pick_name(const struct generator *g, uint64_t random)
{
	unsigned bits = 1;
	while (UINT64_C(1) << bits < g->names)
		bits++;
	/* As many between 2^k and 2^(k+1) for each k. */
	uint64_t below = UINT64_C(2) << (random % bits);
	return (random >> 16) % (below < g->names ? below : g->names);
}

size_t name_text(const struct generator *g, uint64_t n, char out[NAME_ROOM])
{
	uint64_t r = draw(g, n, FOR_NAME), parts = 2 + r % 3;
	char *end = stpcpy(out, PICK(hosts, r >> 4));
	for (uint64_t i = 0; i < parts; i++)
		end = stpcpy(end, PICK(syllables, r >> (8 + 8 * i)));
	if (r >> 60 == 0)
		end = stpcpy(stpcpy(end, "-"), PICK(words, r >> 40));
	else if (r >> 60 == 1)
		end += sprintf(end, "%u", (unsigned)(r >> 40) % 1000);
	return (size_t)(stpcpy(stpcpy(end, "."), PICK(zones, r >> 50)) - out);
}

void random_addr(uint64_t random, uint8_t version, uint8_t *out)
{
	static const uint8_t taken[] = { 10, 100, 127, 169, 172, 192, 198, 203 };
	uint8_t first = (uint8_t)(1 + random % 223);
	memset(out, 0, 16);
	if (version == 6) {
		out[0] = 0x26; /* of what registries give */
		for (unsigned i = 1; i < 8; i++)
			out[i] = (uint8_t)(random >> (8 * i));
		out[15] = (uint8_t)(1 + (random >> 8) % 250);
		return;
	}
	if (memchr(taken, first, sizeof(taken)) != NULL)
		first++;
	out[0] = first;
	for (unsigned i = 1; i < 4; i++)
		out[i] = (uint8_t)(random >> (8 * i));
}

void name_addr(
	const struct generator *g, uint64_t n, uint64_t random, uint8_t version, uint8_t *out)
{
	random_addr(draw(g, n, FOR_NAME + ((1 + random % 4) << 8)), version, out);
}

/* ---- Words ---- */

static void say(struct said *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct said *s, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf((char *)s->word + s->len, SAID_MAX - s->len, format, args);
	va_end(args);
	if (n > 0)
		s->len += (uint32_t)n; /* the tables' longest are far below SAID_MAX */
}

void fill_pools(struct generator *g)
{
	size_t len = 0;
	while (len + 32 < FILLING) {
		uint64_t r = draw(g, len, FOR_POOL);
		len += (size_t)sprintf((char *)g->text + len, "%s%s", PICK(words, r),
			(r >> 32) % 9 == 0 ? ".\n" : " ");
	}
	memset(g->text + len, '\n', FILLING - len);
	for (size_t i = 0; i < FILLING; i += 8) {
		uint64_t r = draw(g, i, FOR_POOL + 256);
		memcpy(g->noise + i, &r, 8);
	}
}

/* ---- HTTP (RFC 9112) ---- */

/* Which page of the connection's host: a path of one to four words, and what it names. */
static void say_target(struct said *s, uint64_t r)
{
	for (uint64_t i = 0; i <= r % 4; i++)
		say(s, "/%s", PICK(words, r >> (4 + 6 * i)));
	if (r >> 60 < 4)
		say(s, "-%x", (unsigned)(r >> 28) & 0xffff);
	say(s, "%s", PICK(things, r >> 32).suffix);
	if (r >> 60 > 12)
		say(s, "?id=%u&lang=en", (unsigned)(r >> 36) & 0xfffff);
}

/* Even turns ask, odd ones answer. */
void say_http(struct generator *g, uint64_t id, unsigned turn, struct said *s)
{
	uint64_t host = pick_name(g, draw(g, id, FOR_HTTP)),
		 page = draw(g, id, FOR_HTTP + (turn / 2 + 1) * 256);
	char name[NAME_ROOM];
	s->side = turn % 2;
	if (turn % 2 == 0) {
		name_text(g, host, name);
		say(s, "GET ");
		say_target(s, page);
		say(s,
			" HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nAccept: */*\r\n"
			"Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: identity\r\n"
			"Connection: keep-alive\r\n",
			name, PICK(agents, draw(g, id, FOR_HTTP + 1)));
		if (turn > 0)
			say(s, "Referer: http://%s/\r\n", name);
		say(s, "\r\n");
		return;
	}
	bool missing = (page >> 20) % 25 == 0, noise = (page >> 32) % COUNT(things) > 4;
	s->filling = (uint32_t)((page >> 40) % (UINT64_C(256) << ((page >> 24) % 8)));
	s->from = (noise ? g->noise : g->text) + (page >> 44) % (FILLING / 2);
	say(s,
		"HTTP/1.1 %s\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nServer: nginx/1.22.1\r\n"
		"Content-Type: %s\r\nContent-Length: %u\r\nConnection: keep-alive\r\n\r\n",
		missing ? "404 Not Found" : "200 OK", PICK(things, page >> 32).type, s->filling);
}

/* One download without an end. */
void say_bulk(struct generator *g, uint64_t id, unsigned turn, struct said *s)
{
	if (turn == 0) {
		say_http(g, id, 0, s);
		return;
	}
	s->side = SERVER;
	s->filling = FILLING / 2;
	s->from = g->noise + draw(g, id, FOR_HTTP + turn * 256) % (FILLING / 2);
	if (turn == 1)
		say(s, "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Type: "
		       "application/octet-stream\r\nContent-Length: 1099511627776\r\n\r\n");
}

/* What no parser knows. */
void say_chat(struct generator *g, uint64_t id, unsigned turn, struct said *s)
{
	uint64_t r = draw(g, id, FOR_HTTP + turn * 256);
	s->side = turn % 2;
	s->filling = 20 + (uint32_t)(r >> 32) % (turn % 2 == 0 ? 180 : 1200);
	s->from = g->noise + r % (FILLING / 2);
}

/* ---- DNS (RFC 1035) ---- */

enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_SOA = 6, TYPE_AAAA = 28, TYPE_HTTPS = 65 };

static void put_name(struct said *s, const char *name)
{
	while (*name != '\0') {
		size_t len = strcspn(name, ".");
		said_put(s, &(uint8_t){ (uint8_t)len }, 1);
		said_put(s, name, len);
		name += len + (name[len] == '.');
	}
	said_put(s, "", 1);
}

static void put_question(struct said *s, uint64_t id, unsigned flags, unsigned answers,
	unsigned authorities, const char *name, unsigned type)
{
	said_put16(s, (unsigned)id & 0xffff);
	said_put16(s, flags);
	said_put16(s, 1);
	said_put16(s, answers);
	said_put16(s, authorities);
	said_put16(s, 0);
	put_name(s, name);
	said_put16(s, type);
	said_put16(s, 1);
}

static void put_record(
	struct said *s, unsigned name_at, unsigned type, const void *data, unsigned len)
{
	said_put16(s, 0xc000 | name_at);
	said_put16(s, type);
	said_put16(s, 1);
	said_put16(s, 0);
	said_put16(s, 300);
	said_put16(s, len);
	said_put(s, data, len);
}

static void put_answers(
	struct generator *g, struct said *s, uint64_t n, uint64_t id, unsigned type, unsigned count)
{
	unsigned at = 12;
	if (n % 5 == 0) { /* of a name that is another's */
		unsigned alias = s->len + 12;
		put_record(s, at, TYPE_CNAME, "\4edge\3cdn\7example\0", 18);
		at = alias;
	}
	for (unsigned i = 0; i < count; i++) {
		uint8_t addr[16];
		name_addr(g, n, id + i, type == TYPE_A ? 4 : 6, addr);
		put_record(s, at, type, addr, type == TYPE_A ? 4 : 16);
	}
}

void say_dns(struct generator *g, uint64_t id, unsigned turn, bool six, struct said *s)
{
	uint64_t r = draw(g, id, FOR_DNS), n = pick_name(g, draw(g, id, FOR_DNS + 256));
	unsigned type = r % 100 < 25 || six ? TYPE_AAAA : r % 100 < 30 ? TYPE_HTTPS : TYPE_A;
	char name[NAME_ROOM];
	name_text(g, n, name);
	s->side = turn % 2;
	if (turn == 0) {
		put_question(s, r >> 8, 0x0100, 0, 0, name, type);
		return;
	}
	if ((r >> 32) % 20 == 0 || type == TYPE_HTTPS) { /* no such name; none of this type */
		put_question(s, r >> 8, type == TYPE_HTTPS ? 0x8180 : 0x8183, 0, 1, name, type);
		put_record(s, 12, TYPE_SOA,
			"\2ns\0\5admin\0\0\0\0\1\0\0\x0e\x10\0\0\x02\x58\0\x01\x51\x80\0\0\x01\x2c",
			31);
		return;
	}
	unsigned count = 1 + (unsigned)(r >> 40) % 4;
	put_question(s, r >> 8, 0x8180, count + (n % 5 == 0), 0, name, type);
	put_answers(g, s, n, id, type, count);
}

/* A random-subdomain attack: zones of a few victims, names by number. */
void say_flood(struct generator *g, uint64_t id, struct said *s)
{
	char name[NAME_ROOM + 32], zone[NAME_ROOM];
	uint64_t r = draw(g, id, FOR_DNS);
	name_text(g, r % 4, zone);
	/* The number is within: no name comes twice. */
	snprintf(name, sizeof(name), "%x%010llx.%s", (unsigned)(r >> 16) & 0xffffff,
		(unsigned long long)id, zone);
	put_question(s, r >> 8, 0x0100, 0, 0, name, TYPE_A);
}

void say_mark(struct generator *g, uint64_t id, struct said *s)
{
	char name[NAME_ROOM];
	snprintf(name, sizeof(name), "p%llu.mark.example", (unsigned long long)g->number);
	put_question(s, draw(g, id, FOR_DNS), 0x0100, 0, 0, name, TYPE_A);
}
