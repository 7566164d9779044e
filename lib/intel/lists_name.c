/* SPDX-License-Identifier: BSD-3-Clause */
/* lists_name.c - what a list stands for, told from what it says of itself, and the lists that are
 * built in. Warninglists have no field for it: their titles are what there is. Control threads. */
#include <string.h>

#include "lists.h"

/* A list of a known false positive is taken for one: what no row fits is GENERIC. Tried in this
 * order on the title, then on the description. */
static const struct {
	const char *words;
	enum sl_role role;
} rows[] = {
	{ "sinkhole", SL_ROLE_SINKHOLE },
	{ "tor exit", SL_ROLE_TOR },
	{ "tor node", SL_ROLE_TOR },
	{ "tor relay", SL_ROLE_TOR },
	{ "dns over http", SL_ROLE_DOH },
	{ "dns-over-http", SL_ROLE_DOH },
	{ "(doh", SL_ROLE_DOH },
	{ "doh ", SL_ROLE_DOH },
	{ "scann", SL_ROLE_SCANNER },
	{ "shodan", SL_ROLE_SCANNER },
	{ "censys", SL_ROLE_SCANNER },
	{ "empty file", SL_ROLE_EMPTY_FILE },
	{ "disposable", SL_ROLE_NOTED },
	{ "dynamic dns", SL_ROLE_DYNAMIC_DNS },
	{ "dyndns", SL_ROLE_DYNAMIC_DNS },
	{ "dns resolver", SL_ROLE_RESOLVER },
	{ "public dns", SL_ROLE_RESOLVER },
	{ "ocsp", SL_ROLE_CERT_STATUS },
	{ "crl ", SL_ROLE_CERT_STATUS },
	{ "shortener", SL_ROLE_SHORTENER },
	{ "ja3", SL_ROLE_CLIENT },
	/* Said better, and for every case, by what is built into lint.c. */
	{ "rfc ", SL_ROLE_NONE },
	{ "ipv6 link local", SL_ROLE_NONE },
	{ "special-use", SL_ROLE_NONE },
	{ "tlds", SL_ROLE_SUFFIX },
	{ "public suffix", SL_ROLE_SUFFIX },
	{ "false-positive", SL_ROLE_KNOWN_FILE },
	{ "eicar", SL_ROLE_KNOWN_FILE },
	{ "ca certificates", SL_ROLE_KNOWN_FILE },
	{ "captive portal", SL_ROLE_SERVICE },
	{ "what's my ip", SL_ROLE_SERVICE },
	{ "whats my ip", SL_ROLE_SERVICE },
	{ "office 365 ip", SL_ROLE_SERVICE },
	{ "office 365", SL_ROLE_POPULAR },
	{ "google domains", SL_ROLE_POPULAR },
	{ "top 1", SL_ROLE_POPULAR },
	{ "top 5", SL_ROLE_POPULAR },
	{ "top1", SL_ROLE_POPULAR },
	{ "top-1", SL_ROLE_POPULAR },
	{ "most used", SL_ROLE_POPULAR },
	{ "most-used", SL_ROLE_POPULAR },
	{ "university", SL_ROLE_POPULAR },
	{ "googlebot", SL_ROLE_SERVICE },
	{ "telegram", SL_ROLE_SERVICE },
	{ "akamai", SL_ROLE_CLOUD },
	{ "cloudflare", SL_ROLE_CLOUD },
	{ "fastly", SL_ROLE_CLOUD },
	{ "amazon", SL_ROLE_CLOUD },
	{ "azure", SL_ROLE_CLOUD },
	{ "gcp", SL_ROLE_CLOUD },
	{ "google cloud", SL_ROLE_CLOUD },
	{ "oracle", SL_ROLE_CLOUD },
	{ "ovh", SL_ROLE_CLOUD },
	{ "digitalocean", SL_ROLE_CLOUD },
	{ "linode", SL_ROLE_CLOUD },
	{ "hosting", SL_ROLE_CLOUD },
	{ "vpn", SL_ROLE_NOTED },
	{ "proxy", SL_ROLE_NOTED },
	{ "cdn", SL_ROLE_CDN },
};

static bool holds(const char *text, const char *words)
{
	return text != NULL && strcasestr(text, words) != NULL;
}

enum sl_role list_role(const char *title, const char *about)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (holds(title, rows[i].words))
			return rows[i].role;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (holds(about, rows[i].words))
			return rows[i].role;
	return SL_ROLE_GENERIC;
}

/* MISP's attribute types. A composite ("domain|ip") adds nothing to what stands beside it. */
uint8_t list_kinds(const char *attribute)
{
	static const struct {
		const char *begin;
		uint8_t kinds;
	} kinds[] = {
		{ "ip-", 1 << SL_LISTED_ADDR },
		{ "domain", 1 << SL_LISTED_NAME },
		{ "hostname", 1 << SL_LISTED_NAME },
		{ "ur", 1 << SL_LISTED_URL },
		{ "link", 1 << SL_LISTED_URL },
		{ "md5", 1 << SL_LISTED_HASH },
		{ "sha", 1 << SL_LISTED_HASH },
		{ "x509", 1 << SL_LISTED_HASH },
		{ "email", 1 << SL_LISTED_EMAIL },
		{ "target-email", 1 << SL_LISTED_EMAIL },
		{ "ja3", 1 << SL_LISTED_CLIENT },
		{ "hassh", 1 << SL_LISTED_CLIENT },
	};
	if (strchr(attribute, '|') != NULL)
		return 0;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(attribute, kinds[i].begin, strlen(kinds[i].begin)) == 0)
			return kinds[i].kinds;
	return 1 << SL_LISTED_OTHER;
}

bool list_match_of(const char *word, uint8_t *out)
{
	static const char *const words[LIST_MATCH_COUNT] = { "string", "hostname", "cidr",
		"substring", "regex" };
	for (uint8_t i = 0; word != NULL && i < LIST_MATCH_COUNT; i++)
		if (strcmp(word, words[i]) == 0) {
			*out = i;
			return true;
		}
	return false;
}

/* ---- What is known without any file ---- */

static const struct {
	const char *title;
	enum sl_role role;
	enum list_match match;
	uint8_t kinds;
	const char *entries; /* blank between them */
} builtin[] = {
	{ "public resolvers, built in", SL_ROLE_RESOLVER, LIST_CIDR, 1 << SL_LISTED_ADDR,
		"8.8.8.8 8.8.4.4 1.1.1.1 1.0.0.1 9.9.9.9 149.112.112.112 9.9.9.10 9.9.9.11 "
		"208.67.222.222 208.67.220.220 4.2.2.1 4.2.2.2 4.2.2.3 4.2.2.4 64.6.64.6 64.6.65.6 "
		"77.88.8.8 77.88.8.1 94.140.14.14 94.140.15.15 114.114.114.114 114.114.115.115 "
		"119.29.29.29 223.5.5.5 223.6.6.6 180.76.76.76 185.228.168.9 76.76.2.0 76.76.19.19 "
		"2001:4860:4860::8888 2001:4860:4860::8844 2606:4700:4700::1111 "
		"2606:4700:4700::1001 2620:fe::fe 2620:fe::9 2620:119:35::35 2620:119:53::53" },
	{ "root name servers, built in", SL_ROLE_RESOLVER, LIST_CIDR, 1 << SL_LISTED_ADDR,
		"198.41.0.4 170.247.170.2 192.33.4.12 199.7.91.13 192.203.230.10 192.5.5.241 "
		"192.112.36.4 198.97.190.53 192.36.148.17 192.58.128.30 193.0.14.129 199.7.83.42 "
		"202.12.27.33 2001:503:ba3e::2:30 2801:1b8:10::b 2001:500:2::c 2001:500:2d::d "
		"2001:500:a8::e 2001:500:2f::f 2001:500:12::d0d 2001:500:1::53 2001:7fe::53 "
		"2001:503:c27::2:30 2001:7fd::1 2001:500:9f::42 2001:dc3::35" },
	{ "DNS over HTTPS, built in", SL_ROLE_DOH, LIST_STRING, 1 << SL_LISTED_NAME,
		"dns.google cloudflare-dns.com mozilla.cloudflare-dns.com dns.quad9.net "
		"doh.opendns.com dns.adguard-dns.com dns.nextdns.io doh.cleanbrowsing.org" },
	{ "popular names, built in", SL_ROLE_POPULAR, LIST_HOSTNAME, 1 << SL_LISTED_NAME,
		"google.com youtube.com gmail.com facebook.com instagram.com whatsapp.com "
		"wikipedia.org twitter.com x.com amazon.com apple.com icloud.com microsoft.com "
		"live.com office.com office365.com outlook.com windowsupdate.com bing.com msn.com "
		"linkedin.com netflix.com yahoo.com reddit.com ebay.com paypal.com adobe.com "
		"mozilla.org ubuntu.com debian.org cloudflare.com github.com gitlab.com "
		"stackoverflow.com zoom.us spotify.com tiktok.com baidu.com qq.com yandex.ru "
		"dropbox.com drive.google.com gstatic.com googleapis.com" },
	{ "CDN hosts, built in", SL_ROLE_CDN, LIST_STRING, 1 << SL_LISTED_NAME,
		"ajax.googleapis.com cdnjs.cloudflare.com cdn.jsdelivr.net code.jquery.com "
		"unpkg.com fonts.gstatic.com fonts.googleapis.com maxcdn.bootstrapcdn.com "
		"stackpath.bootstrapcdn.com ajax.aspnetcdn.com s3.amazonaws.com" },
	{ "URL shorteners, built in", SL_ROLE_SHORTENER, LIST_HOSTNAME, 1 << SL_LISTED_NAME,
		"t.co bit.ly goo.gl tinyurl.com ow.ly is.gd buff.ly rebrand.ly cutt.ly rb.gy "
		"shorturl.at lnkd.in t.ly v.gd tiny.cc bl.ink s.id" },
	{ "CRL and OCSP, built in", SL_ROLE_CERT_STATUS, LIST_STRING, 1 << SL_LISTED_NAME,
		"ocsp.digicert.com crl3.digicert.com crl4.digicert.com ocsp.pki.goog crl.pki.goog "
		"r3.o.lencr.org e1.o.lencr.org x1.c.lencr.org ocsp.sectigo.com ocsp.comodoca.com "
		"crl.comodoca.com ocsp.usertrust.com crl.usertrust.com ocsp.globalsign.com "
		"crl.globalsign.com crl.globalsign.net ocsp.entrust.net crl.entrust.net "
		"ocsp.godaddy.com crl.godaddy.com ocsp.verisign.com crl.verisign.com "
		"ocsp.msocsp.com mscrl.microsoft.com crl.microsoft.com ctldl.windowsupdate.com" },
	{ "time, updates and portals, built in", SL_ROLE_SERVICE, LIST_STRING, 1 << SL_LISTED_NAME,
		"time.windows.com time.apple.com time.google.com pool.ntp.org "
		"www.msftconnecttest.com www.msftncsi.com dns.msftncsi.com captive.apple.com "
		"connectivitycheck.gstatic.com detectportal.firefox.com connectivity-check.ubuntu."
		"com" },
	{ "dynamic DNS zones, built in", SL_ROLE_DYNAMIC_DNS, LIST_HOSTNAME, 1 << SL_LISTED_NAME,
		"duckdns.org no-ip.org no-ip.com no-ip.biz ddns.net hopto.org zapto.org sytes.net "
		"dyndns.org dynu.net ydns.eu afraid.org mooo.com chickenkiller.com serveftp.com "
		"servehttp.com myftp.org 3322.org changeip.com" },
	{ "fingerprints of ordinary software, built in", SL_ROLE_CLIENT, LIST_STRING,
		1 << SL_LISTED_CLIENT,
		"fe048fe8faf797796e278f2b4f1e9c24 83e04bc58d402f9633983cbf22724b02 "
		"424008725394c634a4616b8b1f2828a5 be9f1360cf52dc1f61ae025252f192a3 "
		"def8761e4bcaaf91d99801a22ac6f6d4 fc5cb0985a5f5e295163cc8ffff8a6e1 "
		"0ffee3ba8e615ad22535e7f771690a28 1c15aca4a38bad90f9c40678f6aface9 "
		"5163bc7c08f57077bc652ec370459c2f b03910cc6de801d2fcfa0c3b9f397df4 "
		"d4693422c5ce1565377aca25940ad80c a312f9162a08eeedf7feb7a13cd7e9bb" },
};

int lists_builtin(struct sl_lists *l)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < sizeof(builtin) / sizeof(builtin[0]); i++) {
		struct list like = { builtin[i].title, (uint8_t)builtin[i].role,
			(uint8_t)builtin[i].match, builtin[i].kinds };
		uint16_t list;
		rc = list_new(l, &like, &list);
		for (const char *at = builtin[i].entries; rc == 0 && *at != '\0';) {
			size_t n = strcspn(at, " ");
			rc = list_entry(l, list, at, n);
			at += n;
			at += *at == ' ';
		}
	}
	return rc;
}
