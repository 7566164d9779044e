/* SPDX-License-Identifier: BSD-3-Clause */
/* domain.c - a domain name that a person or a feed wrote, to the A-labels that DNS carries. The
 * door to libidn2. Control threads only: it allocates. */
#include <errno.h>

#include <idn2.h>

#include <sightline/observable.h>

#define NAME_MAX_BYTES 253
#define LABEL_MAX_BYTES 63

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Lower-case letters, digits, hyphen, underscore; no empty label; the lengths of RFC 1035 2.3.4. */
static bool is_domain(const char *name, size_t len)
{
	size_t label = 0;
	if (len == 0 || len > NAME_MAX_BYTES)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (name[i] == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (!is_name_byte(name[i]) || ++label > LABEL_MAX_BYTES)
			return false;
	}
	return label > 0;
}

static int put_domain(const char *name, size_t len, char *out, size_t cap)
{
	char lower[NAME_MAX_BYTES + 1];
	if (len && name[len - 1] == '.')
		len--;
	if (len > NAME_MAX_BYTES)
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		lower[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + 32) : name[i];
	if (!is_domain(lower, len) || len >= cap)
		return -EINVAL;
	memcpy(out, lower, len);
	out[len] = '\0';
	return 0;
}

/* ASCII names don't pass through IDNA: what DNS really carries has hyphens in the third and fourth
 * place ("r3---sn-x.example") and underscores, which IDNA2008 refuses. */
int sl_domain_from_text(const char *text, size_t len, char *out, size_t cap)
{
	bool ascii = true;
	char copy[4 * NAME_MAX_BYTES + 1];
	if (len > 4 * NAME_MAX_BYTES || (len && memchr(text, '\0', len) != NULL))
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		ascii = ascii && (unsigned char)text[i] < 0x80;
	if (ascii)
		return put_domain(text, len, out, cap);
	memcpy(copy, text, len);
	copy[len] = '\0';
	char *found = NULL;
	int rc = idn2_to_ascii_8z(copy, &found, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (rc != IDN2_OK)
		return -EINVAL;
	rc = put_domain(found, strlen(found), out, cap);
	idn2_free(found);
	return rc;
}
