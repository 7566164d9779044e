/* SPDX-License-Identifier: BSD-3-Clause */
/* decimal.h - a number as text, where nothing may print. */
#ifndef PARSER_DECIMAL_H
#define PARSER_DECIMAL_H

#include <stddef.h>
#include <stdint.h>

#define DECIMAL_MAX 10 /* digits of 32 bits */

/* Returns the number of digits; there is no zero behind them. */
static inline size_t decimal(uint32_t v, char out[DECIMAL_MAX])
{
	char digits[DECIMAL_MAX];
	size_t n = 0;
	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	for (size_t i = 0; i < n; i++)
		out[i] = digits[n - 1 - i];
	return n;
}

#endif
