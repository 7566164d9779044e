/* SPDX-License-Identifier: BSD-3-Clause */
/* clock.c - instants and their text (RFC 3339). Pure but for the two readings of a clock. */
#include <string.h>
#include <time.h>

#include <sightline/clock.h>

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * SL_SECOND + (uint64_t)t.tv_nsec;
}

uint64_t sl_clock_wall_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

uint64_t sl_clock_mono_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* Days since 1970-01-01 of a civil date, and back (H. Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms"). */
static int64_t days_from_civil(int64_t y, unsigned m, unsigned d)
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	unsigned yoe = (unsigned)(y - era * 400);
	unsigned doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + (int64_t)doe - 719468;
}

static void civil_from_days(int64_t z, int64_t *y, unsigned *m, unsigned *d)
{
	z += 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	unsigned doe = (unsigned)(z - era * 146097);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned mp = (5 * doy + 2) / 153;
	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp < 10 ? mp + 3 : mp - 9;
	*y = (int64_t)yoe + era * 400 + (*m <= 2);
}

static char *digits(char *out, uint64_t v, unsigned width)
{
	for (unsigned i = width; i-- > 0; v /= 10)
		out[i] = (char)('0' + v % 10);
	return out + width;
}

void sl_time_text(uint64_t ns, char out[SL_TIME_TEXT])
{
	uint64_t s = ns / SL_SECOND;
	int64_t y;
	unsigned m, d;
	civil_from_days((int64_t)(s / 86400), &y, &m, &d);
	uint64_t t = s % 86400;
	char *p = digits(out, (uint64_t)y, 4);
	*p++ = '-';
	p = digits(p, m, 2);
	*p++ = '-';
	p = digits(p, d, 2);
	*p++ = 'T';
	p = digits(p, t / 3600, 2);
	*p++ = ':';
	p = digits(p, t / 60 % 60, 2);
	*p++ = ':';
	p = digits(p, t % 60, 2);
	*p++ = '.';
	p = digits(p, ns % SL_SECOND, 9);
	*p++ = 'Z';
	*p = '\0';
}

struct text {
	const char *p, *end;
	bool bad;
};

static uint64_t number(struct text *t, unsigned width)
{
	uint64_t v = 0;
	for (unsigned i = 0; i < width; i++, t->p++) {
		if (t->p >= t->end || *t->p < '0' || *t->p > '9') {
			t->bad = true;
			return 0;
		}
		v = v * 10 + (uint64_t)(*t->p - '0');
	}
	return v;
}

static bool accept(struct text *t, const char *set)
{
	if (t->p < t->end && strchr(set, *t->p) != NULL && *t->p != '\0') {
		t->p++;
		return true;
	}
	return false;
}

static void expect(struct text *t, const char *set)
{
	if (!accept(t, set))
		t->bad = true;
}

static uint64_t fraction(struct text *t)
{
	uint64_t v = 0, scale = SL_SECOND;
	if (!accept(t, "."))
		return 0;
	unsigned n = 0;
	for (; t->p < t->end && *t->p >= '0' && *t->p <= '9'; t->p++, n++) {
		scale /= 10;
		v += (uint64_t)(*t->p - '0') * scale;
	}
	if (n == 0)
		t->bad = true;
	return v;
}

/* Minutes east of UTC. */
static int64_t offset(struct text *t)
{
	if (accept(t, "Zz"))
		return 0;
	int64_t sign = t->p < t->end && *t->p == '-' ? -1 : 1;
	expect(t, "+-");
	int64_t h = (int64_t)number(t, 2);
	accept(t, ":");
	int64_t m = (int64_t)number(t, 2);
	if (h > 23 || m > 59)
		t->bad = true;
	return sign * (h * 60 + m);
}

static unsigned days_in(int64_t y, unsigned m)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
	return days[m - 1] + (m == 2 && leap);
}

bool sl_time_parse(const char *text, size_t len, uint64_t *out)
{
	struct text t = { text, text + len, false };
	int64_t y = (int64_t)number(&t, 4);
	expect(&t, "-");
	unsigned m = (unsigned)number(&t, 2);
	expect(&t, "-");
	unsigned d = (unsigned)number(&t, 2);
	if (t.bad || m < 1 || m > 12 || y < 1970 || y > 2500 || d < 1 || d > days_in(y, m))
		return false;
	int64_t s = days_from_civil(y, m, d) * 86400;
	uint64_t frac = 0;
	if (t.p < t.end) {
		expect(&t, "Tt ");
		int64_t hh = (int64_t)number(&t, 2);
		expect(&t, ":");
		int64_t mm = (int64_t)number(&t, 2);
		expect(&t, ":");
		int64_t ss = (int64_t)number(&t, 2);
		frac = fraction(&t);
		s += hh * 3600 + mm * 60 + ss - offset(&t) * 60;
		if (hh > 23 || mm > 59 || ss > 60)
			return false;
	}
	if (t.bad || t.p != t.end || s < 0)
		return false;
	*out = (uint64_t)s * SL_SECOND + frac;
	return true;
}
