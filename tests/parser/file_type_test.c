/* SPDX-License-Identifier: BSD-3-Clause */
/* file_type_test.c - media types by the first bytes, told through a file of its own. */
#include "../../lib/parser/file/file.h"
#include "made_file.h"

#define T(bytes, type)                                                                             \
	{                                                                                          \
		bytes, sizeof(bytes) - 1, type                                                     \
	}

static const struct {
	const char *bytes;
	size_t len;
	const char *type;
} rows[] = {
	T("%PDF-1.7", "application/pdf"),
	T("\x7f"
	  "ELF\x02",
		"application/x-elf"),
	T("\xcf\xfa\xed\xfe", "application/x-mach-binary"),
	T("\xca\xfe\xba\xbe\0\0\0\x34", "application/java-vm"),
	T("\xca\xfe\xba\xbe\0\0\0\x02", "application/x-mach-binary"),
	T("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
	T("PK\x03\x04xxxxxxxxxxxxxxxxxxxxxxxxxxMETA-INF/MANIFEST.MF", "application/java-archive"),
	T("PK\x03\x04xxxxxxxxxxxxxxxxxxxxxxxxxx[Content_Types].xml word/document.xml",
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
	T("PK\x03\x04xxxxxxxxxxxxxxxxxxxxxxxxxx"
	  "a.txt",
		"application/zip"),
	T("PK\x03\x04", "application/zip"),
	T("Rar!\x1a\x07\x01\0", "application/vnd.rar"),
	T("7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
	T("\x1f\x8b\x08\0", "application/gzip"),
	T("MSCF\0\0\0\0", "application/vnd.ms-cab-compressed"),
	T("L\0\0\0\x01\x14\x02\0", "application/x-ms-shortcut"),
	T("{\\rtf1", "application/rtf"),
	T("CWS\x08", "application/x-shockwave-flash"),
	T("\x89PNG\r\n\x1a\n", "image/png"),
	T("RIFFxxxxWEBP", "image/webp"),
	T("#!/bin/sh\n", "text/x-shellscript"),
	T("\xef\xbb\xbf \r\n<!DOCTYPE HTML>", "text/html"),
	T("<?xml version='1.0'?><a/>", "text/xml"),
	T("  [ {\"a\": 1}]", "application/json"),
	T("{not json", "text/plain"),
	T("Received: from x", "message/rfc822"),
	T("MZ is how a text may begin", "text/plain"),
	T("\x01\x02\x03", ""),
};

/* Every row, and cut at every length: no byte behind the end is read. */
static void test_types(void **s)
{
	(void)s;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t n = 1; n <= rows[i].len; n++) {
			struct feed *f = feed_new("http", 0);
			struct sl_file_begin how = { .message = 1 };
			struct sl_file *file = sl_file_begin(&f->b, &how);
			assert_non_null(file);
			struct guarded g = guarded_new(rows[i].bytes, n);
			sl_file_bytes(file, &f->b, sl_span(g.p, g.len));
			guarded_free(&g);
			assert_true(sl_file_end(&file, &f->b, true));
			assert_null(file);
			feed_log(f, 0);
			static struct made want;
			want.len = 0;
			made_said(&want, 1, "", rows[i].type, rows[i].bytes, n);
			if (n == rows[i].len)
				assert_string_equal(f->log, want.b);
			feed_free(f);
		}
	}
}

static void test_exe(void **s)
{
	(void)s;
	uint8_t exe[72] = "MZ";
	exe[60] = 64;
	memcpy(exe + 64, "PE\0\0", 4);
	for (unsigned dos = 0; dos < 2; dos++) {
		struct feed *f = feed_new("http", 0);
		struct sl_file_begin how = { .message = 1, .name = sl_span_str("C:\\dir/x.exe") };
		struct sl_file *file = sl_file_begin(&f->b, &how);
		exe[64] = dos ? 'x' : 'P';
		sl_file_bytes(file, &f->b, sl_span(exe, sizeof(exe)));
		assert_true(sl_file_end(&file, &f->b, true));
		feed_log(f, 0);
		assert_non_null(strstr(f->log, "file.name 1 x.exe\n"));
		assert_non_null(
			strstr(f->log, dos ? "application/x-dosexec"
					   : "application/vnd.microsoft.portable-executable"));
		feed_free(f);
	}
}

int main(void)
{
	feed_wants = FEED_ONLY_FILES;
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_types),
		cmocka_unit_test(test_exe) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
