/* SPDX-License-Identifier: BSD-3-Clause */
/* type.c - media types by the first bytes: a small table of what is carried most, and of what
 * carries attacks. Worker; pure; constant data. */
#include <strings.h>

#include "type.h"
#include <sightline/hot.h>

#define LEADING_MAX 64 /* blanks in front of a text that are passed over */

struct mark {
	uint16_t at;
	uint8_t len;
	const char *bytes;
	const char *type;
};

#define M(at, bytes, type)                                                                         \
	{                                                                                          \
		at, sizeof(bytes) - 1, bytes, type                                                 \
	}

static const struct mark marks[] = {
	M(0,
		"\x7f"
		"ELF",
		"application/x-elf"),
	M(0, "\xfe\xed\xfa\xce", "application/x-mach-binary"),
	M(0, "\xfe\xed\xfa\xcf", "application/x-mach-binary"),
	M(0, "\xce\xfa\xed\xfe", "application/x-mach-binary"),
	M(0, "\xcf\xfa\xed\xfe", "application/x-mach-binary"),
	M(0, "%PDF-", "application/pdf"),
	M(0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
	M(0, "Rar!\x1a\x07", "application/vnd.rar"),
	M(0, "7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
	M(0, "\x1f\x8b\x08", "application/gzip"),
	M(0, "BZh", "application/x-bzip2"),
	M(0,
		"\xfd"
		"7zXZ\0",
		"application/x-xz"),
	M(0, "\x28\xb5\x2f\xfd", "application/zstd"),
	M(0, "MSCF\0\0\0\0", "application/vnd.ms-cab-compressed"),
	M(257, "ustar", "application/x-tar"),
	M(0, "!<arch>\ndebian", "application/vnd.debian.binary-package"),
	M(0, "\xed\xab\xee\xdb", "application/x-rpm"),
	M(0, "L\0\0\0\x01\x14\x02\0", "application/x-ms-shortcut"),
	M(0, "ITSF\x03\0\0\0", "application/vnd.ms-htmlhelp"),
	M(0, "{\\rtf", "application/rtf"),
	M(0, "%!PS", "application/postscript"),
	M(0, "FWS", "application/x-shockwave-flash"),
	M(0, "CWS", "application/x-shockwave-flash"),
	M(0, "ZWS", "application/x-shockwave-flash"),
	M(0, "dex\n0", "application/vnd.android.dex"),
	M(0, "\0asm", "application/wasm"),
	M(0, "Cr24", "application/x-chrome-extension"),
	M(0, "SQLite format 3\0", "application/vnd.sqlite3"),
	M(0, "\x89PNG\r\n\x1a\n", "image/png"),
	M(0, "\xff\xd8\xff", "image/jpeg"),
	M(0, "GIF87a", "image/gif"),
	M(0, "GIF89a", "image/gif"),
	M(0, "II*\0", "image/tiff"),
	M(0, "MM\0*", "image/tiff"),
	M(0, "\0\0\x01\0", "image/x-icon"),
	M(0, "8BPS\0", "image/vnd.adobe.photoshop"),
	M(8, "WEBP", "image/webp"),
	M(8, "WAVE", "audio/wav"),
	M(8, "AVI ", "video/x-msvideo"),
	M(4, "ftyp", "video/mp4"),
	M(0, "\x1a\x45\xdf\xa3", "video/webm"),
	M(0, "FLV\x01", "video/x-flv"),
	M(0, "ID3", "audio/mpeg"),
	M(0, "OggS", "application/ogg"),
	M(0, "wOFF", "font/woff"),
	M(0, "wOF2", "font/woff2"),
	M(0, "-----BEGIN CERTIFICATE", "application/x-pem-file"),
	M(0, "#!", "text/x-shellscript"),
};

/* What a text begins with, blanks in front passed over, in any case. */
static const struct mark texts[] = {
	M(0, "<!doctype html", "text/html"),
	M(0, "<html", "text/html"),
	M(0, "<head", "text/html"),
	M(0, "<body", "text/html"),
	M(0, "<script", "text/html"),
	M(0, "<?php", "text/x-php"),
	M(0, "<svg", "image/svg+xml"),
	M(0, "<?xml", "text/xml"),
	M(0, "<!doctype svg", "image/svg+xml"),
	M(0, "@echo off", "text/x-msdos-batch"),
	M(0, "return-path:", "message/rfc822"),
	M(0, "received: ", "message/rfc822"),
	M(0, "delivered-to:", "message/rfc822"),
	M(0, "message-id: ", "message/rfc822"),
	M(0, "mime-version: ", "message/rfc822"),
};

static const char *find(const struct mark *m, size_t n, struct sl_span s, bool text)
{
	for (size_t i = 0; i < n; i++) {
		if (s.len < (size_t)m[i].at + m[i].len)
			continue;
		const char *at = (const char *)s.p + m[i].at;
		if ((text ? strncasecmp(at, m[i].bytes, m[i].len)
			  : memcmp(at, m[i].bytes, m[i].len)) == 0)
			return m[i].type;
	}
	return NULL;
}

static bool has(struct sl_span s, const char *what)
{
	return memmem(s.p, s.len, what, strlen(what)) != NULL;
}

/* The names of a ZIP's first members tell what it is (APPNOTE 4.3.7: a name at 30). */
static const char *zip_type(struct sl_span s)
{
	struct sl_span first = sl_span_from(s, 30);
	static const struct {
		const char *holds, *type;
	} rows[] = {
		{ "mimetypeapplication/epub+zip", "application/epub+zip" },
		{ "mimetypeapplication/vnd.oasis.opendocument",
			"application/vnd.oasis.opendocument" },
		{ "AndroidManifest.xml", "application/vnd.android.package-archive" },
		{ "classes.dex", "application/vnd.android.package-archive" },
		{ "word/",
			"application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
		{ "xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
		{ "ppt/", "application/"
			  "vnd.openxmlformats-officedocument.presentationml.presentation" },
		{ "[Content_Types].xml", "application/vnd.openxmlformats-officedocument" },
		{ "META-INF/", "application/java-archive" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (has(first, rows[i].holds))
			return rows[i].type;
	return "application/zip";
}

/* "MZ" alone begins many a text: the header's offset has to lie behind it. */
static const char *exe_type(struct sl_span s)
{
	if (s.len < 64)
		return NULL;
	uint32_t at = (uint32_t)s.p[60] | (uint32_t)s.p[61] << 8 | (uint32_t)s.p[62] << 16 |
		      (uint32_t)s.p[63] << 24;
	if (at + UINT64_C(4) <= s.len && memcmp(s.p + at, "PE\0\0", 4) != 0)
		return "application/x-dosexec";
	return "application/vnd.microsoft.portable-executable";
}

/* The magic number of fat Mach-O and of Java is one; few architectures, but late versions. */
static const char *cafebabe_type(struct sl_span s)
{
	return s.len >= 8 && s.p[4] == 0 && s.p[5] == 0 && s.p[6] == 0 && s.p[7] < 30
		       ? "application/x-mach-binary"
		       : "application/java-vm";
}

/* An object or an array whose first member is one. */
static bool is_json(struct sl_span s)
{
	if (s.len < 2 || (s.p[0] != '{' && s.p[0] != '['))
		return false;
	bool object = s.p[0] == '{';
	for (size_t i = 1; i < s.len && i < LEADING_MAX; i++) {
		uint8_t c = s.p[i];
		if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
			continue;
		if (object)
			return c == '"' || c == '}';
		return c == '{' || c == '[' || c == '"' || c == ']' || c == '-' ||
		       (c >= '0' && c <= '9');
	}
	return false;
}

static bool is_text(struct sl_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < ' ' && memchr("\t\n\r\f\x1b", s.p[i], 5) == NULL)
			return false;
	return s.len > 0;
}

static const char *text_type(struct sl_span s)
{
	if (s.len >= 3 && memcmp(s.p, "\xef\xbb\xbf", 3) == 0)
		s = sl_span_from(s, 3);
	for (size_t i = 0; i < LEADING_MAX && s.len && (s.p[0] <= ' ' && s.p[0] != 0); i++)
		s = sl_span_from(s, 1);
	const char *type = find(texts, sizeof(texts) / sizeof(texts[0]), s, true);
	if (type == NULL && is_json(s))
		type = "application/json";
	/* An XML declaration says nothing of what follows it. */
	if (type != NULL && strcmp(type, "text/xml") == 0 && has(s, "<html"))
		type = "application/xhtml+xml";
	return type != NULL ? type : is_text(s) ? "text/plain" : NULL;
}

const char *file_type(struct sl_span head)
{
	if (head.len >= 2 && memcmp(head.p, "MZ", 2) == 0) {
		const char *type = exe_type(head);
		if (type != NULL)
			return type;
	}
	if (head.len >= 4 && memcmp(head.p, "PK\x03\x04", 4) == 0)
		return zip_type(head);
	if (head.len >= 4 && memcmp(head.p, "\xca\xfe\xba\xbe", 4) == 0)
		return cafebabe_type(head);
	const char *type = find(marks, sizeof(marks) / sizeof(marks[0]), head, false);
	if (type == NULL && head.len >= 6 && memcmp(head.p, "BM", 2) == 0 &&
		memchr(head.p + 2, 0, 4) != NULL)
		type = "image/bmp";
	return type != NULL ? type : text_type(head);
}
