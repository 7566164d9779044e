/* SPDX-License-Identifier: BSD-3-Clause */
/* cybox_test.c - CybOX objects, conditions and lists: what each means as a pattern. */
#include "stix1.h"

/* Reads one object in an AND with a name, so that what it became can be seen as text. */
static void beside(const char *object, const char *pattern)
{
	static char text[16384];
	struct read r;
	char want[4096];
	int n = snprintf(text, sizeof(text),
		HEAD
		"<stix:Indicator id=\"i\"><i:Observable id=\"o\"><cybox:Observable_Composition "
		"operator=\"and\"><cybox:Observable id=\"n\">" DOMAIN(
			"", "n.example") "</cybox:Observable><cybox:Observable "
					 "id=\"x\">%s</cybox:Observable>"
					 "</cybox:Observable_Composition></i:Observable></"
					 "stix:Indicator>" TAIL,
		object);
	assert_true(n > 0 && (size_t)n < sizeof(text));
	read_text(&r, text);
	snprintf(want, sizeof(want), "[domain-name:value = 'n.example' AND %s]", pattern);
	assert_string_equal(tree_of(&r), want);
	read_free(&r);
}

/* The same where it is refused: the code, and what stands in the tree. */
static void refused(const char *object, const char *code)
{
	static char text[16384];
	struct read r;
	snprintf(text, sizeof(text),
		HEAD "<stix:Indicator id=\"i\"><i:Observable id=\"o\">%s"
		     "</i:Observable></stix:Indicator>" TAIL,
		object);
	read_text(&r, text);
	char want[64];
	snprintf(want, sizeof(want), "2 %s\n", code);
	assert_string_equal(r.said, want);
	assert_int_equal(r.count, 0);
	read_free(&r);
}

#define SUBJECT(attrs, text)                                                                       \
	OBJECT("EmailMessage", "<o:Header><o:Subject " attrs ">" text "</o:Subject></o:Header>")

static void conditions(void **state)
{
	beside(SUBJECT("", "a"), "email-message:subject = 'a'");
	beside(SUBJECT("condition=\"EQUALS\"", "a"), "email-message:subject = 'a'");
	beside(SUBJECT("condition=\"doesnotequal\"", "a"), "email-message:subject != 'a'");
	beside(SUBJECT("condition=\"Contains\"", "ab"), "email-message:subject MATCHES 'ab'");
	beside(SUBJECT("condition=\"DoesNotContain\"", "ab"),
		"email-message:subject NOT MATCHES 'ab'");
	beside(SUBJECT("condition=\"startsWith\"", "ab"), "email-message:subject MATCHES '^ab'");
	beside(SUBJECT("condition=\"EndsWith\"", "ab"), "email-message:subject MATCHES 'ab$'");
	beside(SUBJECT("condition=\"Contains\" is_case_sensitive=\"false\"", "a.b"),
		"email-message:subject MATCHES '(?i)a\\\\.b'");
	beside(SUBJECT("condition=\"FitsPattern\" pattern_type=\"Regex\"", "^a+b"),
		"email-message:subject MATCHES '^a+b'");
	refused(SUBJECT("condition=\"FitsPattern\" pattern_type=\"XPath\"", "//a"),
		"CONDITION_NOT_SUPPORTED");
	refused(SUBJECT("condition=\"BitwiseAnd\"", "7"), "CONDITION_NOT_SUPPORTED");
	refused(SUBJECT("condition=\"bitwiseor\"", "7"), "CONDITION_NOT_SUPPORTED");
	refused(SUBJECT("condition=\"BitwiseXor\"", "7"), "CONDITION_NOT_SUPPORTED");
	refused(SUBJECT("condition=\"Resembles\"", "7"), "CONDITION_NOT_SUPPORTED");
}

#define SIZE(attrs, text) OBJECT("File", "<o:Size_In_Bytes " attrs ">" text "</o:Size_In_Bytes>")

static void numbers(void **state)
{
	beside(SIZE("condition=\"GreaterThan\"", "10"), "file:size > 10");
	beside(SIZE("condition=\"GreaterThanOrEqual\"", "10"), "file:size >= 10");
	beside(SIZE("condition=\"LessThan\"", "10"), "file:size < 10");
	beside(SIZE("condition=\"LessThanOrEqual\"", "10"), "file:size <= 10");
	beside(SIZE("condition=\"InclusiveBetween\"", "10##comma##20"),
		"(file:size >= 10 AND file:size <= 20)");
	beside(SIZE("condition=\"ExclusiveBetween\" delimiter=\"/\"", "10/20"),
		"(file:size > 10 AND file:size < 20)");
	refused(SUBJECT("condition=\"InclusiveBetween\"", "a##comma##b"),
		"CONDITION_NOT_SUPPORTED");
	refused(SIZE("condition=\"InclusiveBetween\"", "10"), "CONDITION_NOT_SUPPORTED");
}

static void lists(void **state)
{
	beside(SUBJECT("", "a##comma##b"), "email-message:subject IN ('a', 'b')");
	beside(SUBJECT("apply_condition=\"any\" delimiter=\"||\"", "a || b"),
		"email-message:subject IN ('a', 'b')");
	beside(SUBJECT("apply_condition=\"ALL\" condition=\"Contains\"", "aa##comma##bb"),
		"(email-message:subject MATCHES 'aa' AND email-message:subject MATCHES 'bb')");
	beside(SUBJECT("apply_condition=\"NONE\"", "a##comma##b"),
		"email-message:subject NOT IN ('a', 'b')");
	refused(SUBJECT("apply_condition=\"SOME\"", "a##comma##b"), "CONDITION_NOT_SUPPORTED");
}

/* At the top a list is values of their own, each with its verdict. */
static void a_list_alone(void **state)
{
	struct read r;
	read_text(&r,
		HEAD INDICATOR("a",
			OBSERVABLE("o",
				ADDRESS("185.1.1.1##comma##10.0.0.1##comma##x##comma##185.1.1.2")))
			TAIL);
	assert_string_equal(r.said, "2 PRIVATE_ADDRESS\n2 BAD_ADDRESS\n2 PARTS\n");
	assert_int_equal(r.count, 2);
	assert_string_equal(value_of(&r, 1), "185.1.1.2");
	read_free(&r);
}

static void addresses(void **state)
{
	beside(ADDRESS("185.1.1.1"), "ipv4-addr:value = '185.1.1.1'");
	beside(OBJECT("Address", "<o:Address_Value>2a00::1</o:Address_Value>"),
		"ipv6-addr:value = '2a00::1'");
	beside(OBJECT("Address", "<o:Address_Value>a@b.example</o:Address_Value>"),
		"email-addr:value = 'a@b.example'");
	beside("<cybox:Object><cybox:Properties xsi:type=\"o:AddressObjectType\" category=\"mac\">"
	       "<o:Address_Value>aa:bb:cc:dd:ee:ff</o:Address_Value></cybox:Properties>"
	       "</cybox:Object>",
		"mac-addr:value = 'aa:bb:cc:dd:ee:ff'");
	beside("<cybox:Object><cybox:Properties xsi:type=\"o:AddressObjectType\" "
	       "is_source=\"true\"><o:Address_Value>185.1.1.1</o:Address_Value>"
	       "</cybox:Properties></cybox:Object>",
		"network-traffic:src_ref.value = '185.1.1.1'");
	beside("<cybox:Object><cybox:Properties xsi:type=\"o:AddressObjectType\" "
	       "is_destination=\"1\"><o:Address_Value>185.1.1.1</o:Address_Value>"
	       "</cybox:Properties></cybox:Object>",
		"network-traffic:dst_ref.value = '185.1.1.1'");
	beside(OBJECT("Address", "<o:Address_Value condition=\"StartsWith\">185.49."
				 "</o:Address_Value>"),
		"ipv4-addr:value ISSUBSET '185.49.0.0/16'");
	beside(OBJECT("Address", "<o:Address_Value condition=\"StartsWith\">185.2"
				 "</o:Address_Value>"),
		"ipv4-addr:value MATCHES '^185\\\\.2'");
	beside(OBJECT("URI", "<o:Value>http://a.example/x</o:Value>"),
		"url:value = 'http://a.example/x'");
	beside(OBJECT("URI", "<o:Value>a.example</o:Value>"), "domain-name:value = 'a.example'");
	beside(OBJECT("Hostname", "<o:Hostname_Value>h.example</o:Hostname_Value>"),
		"domain-name:value = 'h.example'");
}

#define PORT(text) "<o:Port><o:Port_Value>" text "</o:Port_Value></o:Port>"
#define IP(text) "<o:IP_Address><o:Address_Value>" text "</o:Address_Value></o:IP_Address>"

static void sockets(void **state)
{
	struct read r;
	beside(OBJECT("Port", "<o:Port_Value>53</o:Port_Value>"),
		"(network-traffic:src_port = 53 OR network-traffic:dst_port = 53)");
	beside(OBJECT("SocketAddress", IP("185.1.1.1") PORT("443")),
		"(network-traffic:src_ref.value = '185.1.1.1' AND network-traffic:src_port = 443 "
		"OR "
		"network-traffic:dst_ref.value = '185.1.1.1' AND network-traffic:dst_port = 443)");
	beside(OBJECT("NetworkConnection", "<o:Layer7_Protocol>HTTPS</o:Layer7_Protocol>"
					   "<o:Destination_Socket_Address>" IP("185.1.1.1")
						   PORT("443") "</o:Destination_Socket_Address>"),
		"(network-traffic:protocols = 'tls' AND network-traffic:dst_ref.value = "
		"'185.1.1.1' AND network-traffic:dst_port = 443)");
	read_text(&r, HEAD INDICATOR("a",
			      OBSERVABLE("o", OBJECT("SocketAddress", IP("185.1.1.1") PORT("443"))))
			      TAIL);
	assert_string_equal(r.said, "");
	assert_int_equal(r.count, 1);
	assert_string_equal(value_of(&r, 0), "185.1.1.1");
	assert_int_equal(r.ind[0].port, 443);
	assert_string_equal(r.ind[0].part, "");
	read_free(&r);
}

#define HASH(type, value)                                                                          \
	"<o:Hash><o:Type>" type "</o:Type><o:Simple_Hash_Value>" value                             \
	"</o:Simple_Hash_Value></o:Hash>"
#define MD5 "0123456789abcdef0123456789abcdef"
#define SHA1 MD5 "01234567"

static void files(void **state)
{
	struct read r;
	beside(OBJECT("File", "<o:File_Name>a.exe</o:File_Name>"), "file:name = 'a.exe'");
	/* any one hash suffices, and what stands beside it explains */
	beside(OBJECT("WindowsExecutableFile",
		       "<o:File_Name>a.exe</o:File_Name><o:Size_In_Bytes>7</o:Size_In_Bytes>"
		       "<o:File_Path>C:\\a</o:File_Path><o:Hashes>" HASH("md5", MD5)
			       HASH("SHA-1", SHA1) HASH("SSDEEP", "3:a:b") "</o:Hashes>"),
		"(file:hashes.MD5 = '" MD5 "' OR file:hashes.'SHA-1' = '" SHA1 "')");
	/* what kind of hash it is can be told from its length */
	beside(OBJECT("File", "<o:Hashes><o:Hash><o:Simple_Hash_Value>" MD5
			      "</o:Simple_Hash_Value></o:Hash></o:Hashes>"),
		"file:hashes.MD5 = '" MD5 "'");
	beside(OBJECT("Artifact", "<o:Hashes>" HASH("MD5", MD5) "</o:Hashes>"),
		"artifact:hashes.MD5 = '" MD5 "'");
	refused(OBJECT("File", "<o:Hashes>" HASH("SSDEEP", "3:a:b") "</o:Hashes>"),
		"NOT_EVALUABLE");
	refused(OBJECT("File", "<o:Full_Path>C:\\a</o:Full_Path>"), "NOT_EVALUABLE");
	refused(OBJECT("Mutex", "<o:Name>m</o:Name>"), "NOT_EVALUABLE");
	refused(OBJECT("WindowsRegistryKey", "<o:Key>k</o:Key><o:Hive>h</o:Hive>"),
		"NOT_EVALUABLE");
	read_text(&r,
		HEAD INDICATOR("a",
			OBSERVABLE("o", OBJECT("File", "<o:Hashes>" HASH("MD5", MD5) HASH(
							       "SHA1", SHA1) "</o:Hashes>"))) TAIL);
	assert_int_equal(r.count, 2);
	read_free(&r);
}

static void messages(void **state)
{
	beside(OBJECT("HTTPSession",
		       "<o:HTTP_Request_Response><o:HTTP_Client_Request><o:HTTP_Request_Line>"
		       "<o:HTTP_Method>GET</o:HTTP_Method><o:Value condition=\"Contains\">.asp"
		       "</o:Value></o:HTTP_Request_Line><o:HTTP_Request_Header><o:Parsed_Header>"
		       "<o:User_Agent>bad/1</o:User_Agent></o:Parsed_Header>"
		       "</o:HTTP_Request_Header></o:HTTP_Client_Request>"
		       "</o:HTTP_Request_Response>"),
		"(network-traffic:extensions.'http-request-ext'.request_method = 'GET' AND "
		"network-traffic:extensions.'http-request-ext'.request_value MATCHES '\\\\.asp' "
		"AND network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = "
		"'bad/1')");
	beside(OBJECT("DNSQuery", "<o:Question><o:QName><o:Value>q.example</o:Value></o:QName>"
				  "<o:QType>A</o:QType></o:Question>"),
		"network-traffic:extensions.'dns-ext'.question.domain_ref.value = 'q.example'");
	beside(OBJECT("DNSRecord", "<o:Domain_Name><o:Value>r.example</o:Value></o:Domain_Name>"
				   "<o:IP_Address><o:Address_Value>185.1.1.1</o:Address_Value>"
				   "</o:IP_Address>"),
		"(domain-name:value = 'r.example' AND domain-name:resolves_to_refs.value = "
		"'185.1.1.1')");
	beside(OBJECT("X509Certificate", "<o:Certificate><o:Issuer condition=\"Contains\">"
					 "Evil CA</o:Issuer></o:Certificate>"),
		"x509-certificate:issuer MATCHES 'Evil CA'");
}

/* What a mail contains is part of it; what it is otherwise related to explains. */
static void related(void **state)
{
#define RELATED(what)                                                                              \
	"<cybox:Object><cybox:Properties xsi:type=\"o:EmailMessageObjectType\"><o:Header>"         \
	"<o:From><o:Address_Value condition=\"Contains\">@a.example</o:Address_Value></o:From>"    \
	"</o:Header></cybox:Properties><cybox:Related_Objects><cybox:Related_Object>"              \
	"<cybox:Properties xsi:type=\"o:FileObjectType\"><o:Hashes>" HASH(                         \
		"MD5", MD5) "</o:Hashes></cybox:Properties><cybox:Relationship>" what              \
			    "</cybox:Relationship>"                                                \
			    "</cybox:Related_Object></cybox:Related_Objects></cybox:Object>"
	beside(RELATED("Contains"), "(email-message:from_ref.value MATCHES '@a\\\\.example' AND "
				    "file:hashes.MD5 = '" MD5 "')");
	beside(RELATED("Related_To"), "email-message:from_ref.value MATCHES '@a\\\\.example'");
}

/* A list longer than a tree has room for. */
static void many(void **state)
{
	char *text = NULL;
	size_t len;
	struct read r;
	FILE *f = open_memstream(&text, &len);
	assert_non_null(f);
	fputs(HEAD "<stix:Indicator id=\"a\"><i:Observable><cybox:Object><cybox:Properties "
		   "xsi:type=\"o:DomainNameObjectType\"><o:Value delimiter=\",\">",
		f);
	for (int i = 0; i < 4500; i++)
		fprintf(f, "%sn%d.example", i ? "," : "", i);
	fputs("</o:Value></cybox:Properties></cybox:Object></i:Observable></stix:Indicator>" TAIL,
		f);
	assert_int_equal(fclose(f), 0);
	read_text(&r, text);
	assert_string_equal(r.said, "");
	assert_int_equal(r.count, 4500);
	read_free(&r);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions),
		cmocka_unit_test(numbers),
		cmocka_unit_test(lists),
		cmocka_unit_test(a_list_alone),
		cmocka_unit_test(addresses),
		cmocka_unit_test(sockets),
		cmocka_unit_test(files),
		cmocka_unit_test(messages),
		cmocka_unit_test(related),
		cmocka_unit_test(many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
