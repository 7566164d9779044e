/* SPDX-License-Identifier: BSD-3-Clause */
/* gssapi_test.c - who authenticates, in security blobs: a Kerberos ticket in SPNEGO and by itself,
 * cut, next to what looks like one, and an NTLM user. */
#include "cut.h"
#include "told.h"

/* PcapPlusPlus ldap.pcapng, the first bytes of its SPNEGO token; and those of the ticket in scapy's
 * dcerpc_privacy_krb.pcapng, without what is around it */
static const char spnego[] = "6082051a06062b0601050502a082050e3082050aa024302206092a864882f712"
			     "01020206092a864886f712010202060a2b06010401823702020aa28204e00482"
			     "04dc608204d806092a864886f71201020201006e8204c7308204c3a003020105"
			     "a10302010ea20703050020000000a38203e0618203dc308203d8a003020105a1"
			     "151b1357324b332e564d4e4554312e564d2e42415345a22f302da003020102a1"
			     "2630241b046c6461701b1c77326b332d3130312e77326b332e766d6e6574312e"
			     "766d2e62617365a382038730820383a003020117a103020107a2820375048203";
static const char bare[] = "6e8206fb308206f7a003020105a10302010ea20703050020000000a382051b61"
			   "82051730820513a003020105a10e1b0c444f4d41494e2e4c4f43414ca231302f"
			   "a003020102a12830261b046c6461701b106463312e646f6d61696e2e6c6f6361"
			   "6c1b0c646f6d61696e2e6c6f63616ca3";
/* zeek dce-rpc/dce_rpc_ntlm.pcapng */
static const char user_to_user[] =
	"6045060a2a864886f7120102020304003035a003020105a103020110a21a3018a003"
	"020180a111300f1b0d41646d696e6973747261746f72a30d1b0b424c41434b434c4f564552";
#define SPNEGO_SAID                                                                                \
	"krb5.realm 1 w2k3.vmnet1.vm.base\n"                                                       \
	"krb5.sname 1 ldap/w2k3-101.w2k3.vmnet1.vm.base\n"
#define BARE_SAID "krb5.realm 1 domain.local\nkrb5.sname 1 ldap/dc1.domain.local/domain.local\n"

static void expect(const uint8_t *b, size_t len, unsigned part, const char *want)
{
	for (unsigned room = 0; room < 4; room++) {
		struct guarded g = guarded_new(b, len);
		struct feed *f = feed_new("kerberos", room);
		bool tells = told(f, sl_span(g.p, g.len));
		assert_string_equal(f->log, want);
		assert_int_equal(tells, *want != '\0');
		assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], part);
		feed_free(f);
		guarded_free(&g);
	}
}

static void test_tickets(void **s)
{
	uint8_t b[512];
	(void)s;
	expect(b, from_hex(spnego, b, sizeof(b)), 1, SPNEGO_SAID);
	expect(b, from_hex(bare, b, sizeof(b)), 1, BARE_SAID);
	expect(b, from_hex(user_to_user, b, sizeof(b)), 0,
		"krb5.sname 1 Administrator\nkrb5.realm 1 blackclover\n");
	memcpy(b, "NTLMSSP", 8);
	expect(b, 8, 0, "");
	expect(b, 0, 0, "");
}

/* What is whole of it counts; a ticket is one from its version and type on. */
static void test_cut(void **s)
{
	uint8_t b[512];
	size_t n = from_hex(bare, b, sizeof(b));
	(void)s;
	for (size_t len = 0; len <= n; len++) {
		struct guarded g = guarded_new(b, len);
		struct feed *f = feed_new("kerberos", len % 4);
		(void)told(f, sl_span(g.p, g.len));
		assert_int_equal(strncmp(f->log, BARE_SAID, f->log_len ? f->log_len - 1 : 0), 0);
		feed_free(f);
		guarded_free(&g);
	}
}

/* The first byte of a request, again and again before it; and of another type. */
static void test_alike(void **s)
{
	uint8_t b[512];
	(void)s;
	memset(b, 0x6e, 100);
	size_t n = from_hex(bare, b + 100, sizeof(b) - 100);
	expect(b, 100 + n, 1, BARE_SAID);
	b[100 + 17]++; /* its type */
	expect(b, 100 + n, 0, "");
}

/* Both in one blob: the user first. */
static void test_both(void **s)
{
	uint8_t b[512] = "NTLMSSP\0\3";
	(void)s;
	b[28] = 2;
	b[32] = 64;
	b[36] = 3;
	b[40] = 66;
	memcpy(b + 64, "DOeve", 5);
	size_t n = from_hex(bare, b + 69, sizeof(b) - 69);
	expect(b, 69 + n, 1, "ntlm.user 1 DO\\\\eve\n" BARE_SAID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tickets),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_alike),
		cmocka_unit_test(test_both),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
