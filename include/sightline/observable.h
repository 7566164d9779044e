/* SPDX-License-Identifier: BSD-3-Clause */
/* observable.h - the vocabulary, and the batch in which observables go from parsers to matching.
 *
 * An observable is what a packet, a flow or a message says that somebody could have an indicator
 * for: a type (STIX 2.1's cyber-observable name), a where (the place it was said, in the words of
 * Suricata and Zeek), a canonical value, a direction and the number of the message in its flow.
 * Decoders and parsers only produce them, matching only consumes them; neither knows the other.
 *
 * Observation: comparisons that must hold together hold on one message with the flow that carries
 * it. All observables of one message carry its number; sl_batch_close says that a message is
 * complete. */
#ifndef SIGHTLINE_OBSERVABLE_H
#define SIGHTLINE_OBSERVABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sightline/counter.h>
#include <sightline/flow.h>
#include <sightline/packet.h>
#include <sightline/span.h>

/* clang-format off */
#define SL_TYPES(X) \
	X(NONE, "") X(IPV4, "ipv4-addr") X(IPV6, "ipv6-addr") X(MAC, "mac-addr") X(DOMAIN, "domain-name") \
	X(URL, "url") X(EMAIL, "email-addr") X(FILE, "file") X(CERT, "x509-certificate") \
	X(TRAFFIC, "network-traffic") X(USER_AGENT, "user-agent") X(SOFTWARE, "software") \
	X(ARTIFACT, "artifact") X(EMAIL_MESSAGE, "email-message")
/* clang-format on */

#define X(id, text) SL_TYPE_##id,
enum sl_type { SL_TYPES(X) SL_TYPE_COUNT };
#undef X

/* Normal form of a where's values. */
enum sl_form {
	SL_FORM_ADDR, /* value is 4 or 16 bytes in network order; as text dotted or RFC 5952 */
	SL_FORM_MAC, /* value is 6 bytes; as text aa:bb:cc:dd:ee:ff */
	SL_FORM_NAME, /* lower case, A-labels, no final dot */
	SL_FORM_URL, /* RFC 3986 normal form, scheme and host, no fragment */
	SL_FORM_HEX, /* lower-case hex */
	SL_FORM_LOWER, /* ASCII letters in lower case, trimmed */
	SL_FORM_BYTES, /* as on the wire, trimmed */
};

enum sl_scope { SL_SCOPE_MESSAGE, SL_SCOPE_FLOW, SL_SCOPE_HOST_PAIR, SL_SCOPE_HOST };

/* id, where, type, form, scope, kept as context of the flow's sightings, description.
 * One row for each place; this table makes the enum, the JSON, the man page and the tests' list.
 * Address wheres are typed IPV4 here and IPV6 where the value is one. */
#define SL_WHERES(X)                                                                               \
	X(NONE, "", NONE, BYTES, MESSAGE, 0, "no place")                                           \
	X(IP_SRC, "ip.src", IPV4, ADDR, FLOW, 0, "address of the flow's initiator")                \
	X(IP_DST, "ip.dst", IPV4, ADDR, FLOW, 0, "address of the flow's responder")                \
	X(ICMP_QUOTED_SRC, "icmp.quoted.src", IPV4, ADDR, FLOW, 0,                                 \
		"source in a header quoted by ICMP")                                               \
	X(ICMP_QUOTED_DST, "icmp.quoted.dst", IPV4, ADDR, FLOW, 0,                                 \
		"destination in a header quoted by ICMP")                                          \
	X(MAC_SRC, "mac.src", MAC, MAC, FLOW, 0, "Ethernet source of the flow's first packet")     \
	X(MAC_DST, "mac.dst", MAC, MAC, FLOW, 0,                                                   \
		"Ethernet destination of the flow's first packet")                                 \
	X(DNS_QUERY, "dns.query", DOMAIN, NAME, MESSAGE, 1, "name asked for")                      \
	X(DNS_ANSWER_NAME, "dns.answer.name", DOMAIN, NAME, MESSAGE, 0,                            \
		"name in a record of an answer")                                                   \
	X(DNS_ANSWER_IP, "dns.answer.ip", IPV4, ADDR, MESSAGE, 0,                                  \
		"address in an A or AAAA record")                                                  \
	X(HTTP_HOST, "http.host", DOMAIN, NAME, MESSAGE, 1, "host of a request, without its port") \
	X(HTTP_URI, "http.uri", ARTIFACT, BYTES, MESSAGE, 0, "request target as on the wire")      \
	X(HTTP_URL, "http.url", URL, URL, MESSAGE, 1, "URL of a request")                          \
	X(HTTP_METHOD, "http.method", ARTIFACT, BYTES, MESSAGE, 0, "method of a request")          \
	X(HTTP_USER_AGENT, "http.user_agent", USER_AGENT, BYTES, MESSAGE, 1, "User-Agent header")  \
	X(TLS_SNI, "tls.sni", DOMAIN, NAME, MESSAGE, 1, "server name in a TLS ClientHello")        \
	X(TLS_ALPN, "tls.alpn", TRAFFIC, LOWER, MESSAGE, 0,                                        \
		"protocol that a TLS client offers, or that its server chose (ALPN)")              \
	X(JA3, "ja3.hash", TRAFFIC, HEX, MESSAGE, 1, "JA3 fingerprint of a TLS client")            \
	X(JA3S, "ja3s.hash", TRAFFIC, HEX, MESSAGE, 0, "JA3S fingerprint of a TLS server")         \
	X(JA4, "ja4.hash", TRAFFIC, LOWER, MESSAGE, 1, "JA4 fingerprint of a TLS client")          \
	X(TLS_CERT_SHA1, "tls.cert_sha1", CERT, HEX, MESSAGE, 0,                                   \
		"SHA-1 of a certificate in a TLS handshake")                                       \
	X(TLS_CERT_SHA256, "tls.cert_sha256", CERT, HEX, MESSAGE, 0,                               \
		"SHA-256 of a certificate in a TLS handshake")                                     \
	X(TLS_CERT_SUBJECT, "tls.cert_subject", CERT, BYTES, MESSAGE, 0,                           \
		"subject of a certificate, as C=US, O=Example, CN=example.com")                    \
	X(TLS_CERT_ISSUER, "tls.cert_issuer", CERT, BYTES, MESSAGE, 0,                             \
		"issuer of a certificate, as its subject")                                         \
	X(TLS_CERT_SERIAL, "tls.cert_serial", CERT, HEX, MESSAGE, 0,                               \
		"serial number of a certificate, without the leading zero byte of its sign")       \
	X(TLS_CERT_SAN, "tls.cert_san", DOMAIN, NAME, MESSAGE, 0,                                  \
		"DNS name among the subject's alternative names in a certificate")                 \
	X(SSH_SOFTWARE, "ssh.software", SOFTWARE, BYTES, MESSAGE, 0,                               \
		"software version in the identification of an SSH client or server")               \
	X(SSH_HASSH, "ssh.hassh", SOFTWARE, HEX, MESSAGE, 0, "HASSH fingerprint of an SSH client") \
	X(SSH_HASSHSERVER, "ssh.hasshserver", SOFTWARE, HEX, MESSAGE, 0,                           \
		"HASSH fingerprint of an SSH server")                                              \
	X(HTTP_REFERER, "http.referer", URL, URL, MESSAGE, 0, "Referer header of a request")       \
	X(HTTP_SERVER, "http.server", SOFTWARE, BYTES, MESSAGE, 0, "Server header of a response")  \
	X(HTTP_XFF, "http.xff", IPV4, ADDR, MESSAGE, 0, "address in an X-Forwarded-For header")    \
	X(HTTP_COOKIE, "http.cookie", ARTIFACT, BYTES, MESSAGE, 0, "Cookie header of a request")   \
	X(MDNS_QUERY, "mdns.query", DOMAIN, NAME, MESSAGE, 1, "name asked for in multicast DNS")   \
	X(LLMNR_QUERY, "llmnr.query", DOMAIN, NAME, MESSAGE, 1,                                    \
		"name asked for in link-local multicast name resolution")                          \
	X(NBNS_QUERY, "nbns.query", DOMAIN, NAME, MESSAGE, 1,                                      \
		"name asked for in the NetBIOS name service, without padding and suffix")          \
	X(MDNS_HOST, "mdns.host", DOMAIN, NAME, MESSAGE, 0,                                        \
		"name that multicast DNS gives the address that its sender has")                   \
	X(NBNS_HOST, "nbns.host", DOMAIN, NAME, MESSAGE, 0,                                        \
		"name that a computer gives its own address in the NetBIOS name service")          \
	X(SSDP_URL, "ssdp.url", URL, URL, MESSAGE, 1, "Location header of HTTP over UDP")          \
	X(SMTP_HELO, "smtp.helo", DOMAIN, NAME, MESSAGE, 0,                                        \
		"name that an SMTP client gives itself, an address without its brackets")          \
	X(SMTP_MAIL_FROM, "smtp.mail_from", EMAIL, LOWER, MESSAGE, 1,                              \
		"sender in the envelope of a mail")                                                \
	X(SMTP_RCPT_TO, "smtp.rcpt_to", EMAIL, LOWER, MESSAGE, 1,                                  \
		"recipient in the envelope of a mail")                                             \
	X(EMAIL_FROM, "email.from", EMAIL, LOWER, MESSAGE, 1, "address in a mail's From")          \
	X(EMAIL_TO, "email.to", EMAIL, LOWER, MESSAGE, 0, "address in a mail's To, Cc or Bcc")     \
	X(EMAIL_SUBJECT, "email.subject", EMAIL_MESSAGE, BYTES, MESSAGE, 1,                        \
		"subject of a mail, encoded words decoded")                                        \
	X(EMAIL_MESSAGE_ID, "email.message_id", EMAIL_MESSAGE, BYTES, MESSAGE, 0,                  \
		"Message-ID of a mail, without its brackets")                                      \
	X(EMAIL_URL, "email.url", URL, URL, MESSAGE, 0, "URL in a text of a mail")                 \
	X(FTP_USER, "ftp.user", ARTIFACT, BYTES, MESSAGE, 1, "user name of an FTP login")          \
	X(FTP_FILE, "ftp.file", ARTIFACT, BYTES, MESSAGE, 1,                                       \
		"file named by an FTP command that moves, renames or deletes it")                  \
	X(FILE_NAME, "file.name", FILE, BYTES, MESSAGE, 1,                                         \
		"name of a file that a message carries, without its folders")                      \
	X(FILE_SIZE, "file.size", FILE, BYTES, MESSAGE, 0, "size of a whole file, in bytes")       \
	X(FILE_TYPE, "file.type", FILE, LOWER, MESSAGE, 0,                                         \
		"media type of a file, by its first bytes")                                        \
	X(FILE_MD5, "file.md5", FILE, HEX, MESSAGE, 0, "MD5 of a whole file")                      \
	X(FILE_SHA1, "file.sha1", FILE, HEX, MESSAGE, 0, "SHA-1 of a whole file")                  \
	X(FILE_SHA256, "file.sha256", FILE, HEX, MESSAGE, 1, "SHA-256 of a whole file")            \
	X(QUIC_SNI, "quic.sni", DOMAIN, NAME, MESSAGE, 1, "server name in a QUIC ClientHello")     \
	X(HTTP2_AUTHORITY, "http2.authority", DOMAIN, NAME, MESSAGE, 0,                            \
		"authority of an HTTP/2 request, with its user and port")                          \
	X(SMB_SHARE, "smb.share", ARTIFACT, BYTES, MESSAGE, 1,                                     \
		"share that an SMB client connects to")                                            \
	X(SMB_FILE, "smb.file", ARTIFACT, BYTES, MESSAGE, 1,                                       \
		"path of a file that an SMB client opens")                                         \
	X(NTLM_USER, "ntlm.user", ARTIFACT, BYTES, MESSAGE, 1,                                     \
		"user, with the domain in front, in an NTLM authentication")                       \
	X(DCERPC_INTERFACE, "dcerpc.interface", ARTIFACT, LOWER, MESSAGE, 0,                       \
		"UUID of the interface that a DCE/RPC client binds to")                            \
	X(TFTP_FILE, "tftp.file", ARTIFACT, BYTES, MESSAGE, 1,                                     \
		"file that a TFTP client reads or writes")                                         \
	X(MODBUS_UNIT, "modbus.unit", ARTIFACT, BYTES, MESSAGE, 0, "unit of a Modbus message")     \
	X(MODBUS_FUNCTION, "modbus.function", ARTIFACT, BYTES, MESSAGE, 0, "Modbus function code") \
	X(DNP3_SOURCE, "dnp3.source", ARTIFACT, BYTES, MESSAGE, 0, "DNP3 station that sends")      \
	X(DNP3_DESTINATION, "dnp3.destination", ARTIFACT, BYTES, MESSAGE, 0, "DNP3 station")       \
	X(DNP3_FUNCTION, "dnp3.function", ARTIFACT, BYTES, MESSAGE, 0, "DNP3 function code")       \
	X(IEC104_TYPE, "iec104.type", ARTIFACT, BYTES, MESSAGE, 0, "IEC 104 type of data")         \
	X(IEC104_CAUSE, "iec104.cause", ARTIFACT, BYTES, MESSAGE, 0, "IEC 104 cause")              \
	X(IEC104_ADDRESS, "iec104.address", ARTIFACT, BYTES, MESSAGE, 0, "IEC 104 station")        \
	X(ENIP_COMMAND, "enip.command", ARTIFACT, BYTES, MESSAGE, 0, "EtherNet/IP command")        \
	X(ENIP_CIP_SERVICE, "enip.cip_service", ARTIFACT, BYTES, MESSAGE, 0, "service of CIP")     \
	X(ENIP_PRODUCT_NAME, "enip.product_name", SOFTWARE, BYTES, MESSAGE, 1,                     \
		"what an EtherNet/IP device says it is")                                           \
	X(BACNET_SERVICE, "bacnet.service", ARTIFACT, BYTES, MESSAGE, 0, "BACnet service")         \
	X(BACNET_UNCONFIRMED_SERVICE, "bacnet.unconfirmed_service", ARTIFACT, BYTES, MESSAGE, 0,   \
		"BACnet service that nobody answers")                                              \
	X(BACNET_DEVICE, "bacnet.device", ARTIFACT, BYTES, MESSAGE, 1, "device of an I-Am")        \
	X(S7_ROSCTR, "s7.rosctr", ARTIFACT, BYTES, MESSAGE, 0, "kind of an S7comm message")        \
	X(S7_FUNCTION, "s7.function", ARTIFACT, BYTES, MESSAGE, 0, "S7comm function code")         \
	X(S7_GROUP, "s7.group", ARTIFACT, BYTES, MESSAGE, 0, "S7comm group of functions")          \
	X(SMTP_MAIL_FROM_DOMAIN, "smtp.mail_from_domain", DOMAIN, NAME, MESSAGE, 0,                \
		"domain of the sender in the envelope of a mail")                                  \
	X(SMTP_RCPT_TO_DOMAIN, "smtp.rcpt_to_domain", DOMAIN, NAME, MESSAGE, 0,                    \
		"domain of a recipient in the envelope of a mail")                                 \
	X(EMAIL_FROM_DOMAIN, "email.from_domain", DOMAIN, NAME, MESSAGE, 0,                        \
		"domain of an address in a mail's From")                                           \
	X(EMAIL_TO_DOMAIN, "email.to_domain", DOMAIN, NAME, MESSAGE, 0,                            \
		"domain of an address in a mail's To, Cc or Bcc")                                  \
	X(TLS_ECH, "tls.ech", TRAFFIC, LOWER, MESSAGE, 0,                                          \
		"KDF, AEAD and configuration of an encrypted ClientHello, real or GREASE")         \
	X(DTLS_JA3, "dtls.ja3", TRAFFIC, HEX, MESSAGE, 0,                                          \
		"what ja3.hash is of TLS, of a DTLS client")                                       \
	X(DTLS_JA3S, "dtls.ja3s", TRAFFIC, HEX, MESSAGE, 0,                                        \
		"what ja3s.hash is of TLS, of a DTLS server")                                      \
	X(GQUIC_SNI, "gquic.sni", DOMAIN, NAME, MESSAGE, 1,                                        \
		"server name in the CHLO of Google's own QUIC")                                    \
	X(GQUIC_USER_AGENT, "gquic.user_agent", USER_AGENT, BYTES, MESSAGE, 0,                     \
		"user agent in the CHLO of Google's own QUIC")                                     \
	X(SOCKS_HOST, "socks.host", DOMAIN, NAME, MESSAGE, 1,                                      \
		"host that a SOCKS client asks for by name")                                       \
	X(SOCKS_IP, "socks.ip", IPV4, ADDR, MESSAGE, 1,                                            \
		"host that a SOCKS client asks for by address")                                    \
	X(SOCKS_USER, "socks.user", ARTIFACT, BYTES, MESSAGE, 1,                                   \
		"user name that a SOCKS client gives")                                             \
	X(HTTP_TARGET_HOST, "http.target_host", DOMAIN, NAME, MESSAGE, 1,                          \
		"host in the target of a request, CONNECT for one, that its Host does not say")    \
	X(LDAP_DN, "ldap.dn", ARTIFACT, BYTES, MESSAGE, 1,                                         \
		"name of an LDAP bind, object, search base or result")                             \
	X(LDAP_FILTER, "ldap.filter", ARTIFACT, BYTES, MESSAGE, 0,                                 \
		"filter of an LDAP search, as text (RFC 4515)")                                    \
	X(LDAP_URL, "ldap.url", URL, URL, MESSAGE, 1,                                              \
		"URL in an LDAP referral, or that an LDAP entry gives Java to load code from")     \
	X(KRB5_CNAME, "krb5.cname", ARTIFACT, BYTES, MESSAGE, 1,                                   \
		"client that a Kerberos message names, without its realm")                         \
	X(KRB5_SNAME, "krb5.sname", ARTIFACT, BYTES, MESSAGE, 1,                                   \
		"service that a Kerberos message or ticket is for, as cifs/host.example")          \
	X(KRB5_REALM, "krb5.realm", DOMAIN, NAME, MESSAGE, 0,                                      \
		"realm in a Kerberos message or ticket")                                           \
	X(RDP_COOKIE, "rdp.cookie", ARTIFACT, BYTES, MESSAGE, 1,                                   \
		"user in the cookie of an RDP connection request (mstshash)")                      \
	X(RDP_ROUTING_TOKEN, "rdp.routing_token", ARTIFACT, BYTES, MESSAGE, 0,                     \
		"what stands in the place of that cookie for a load balancer")                     \
	X(RDP_CLIENT_NAME, "rdp.client_name", ARTIFACT, BYTES, MESSAGE, 1,                         \
		"name of its own computer that an RDP client gives")                               \
	X(VNC_VERSION, "vnc.version", SOFTWARE, BYTES, MESSAGE, 0,                                 \
		"protocol version that a VNC server or client says, as 003.008")                   \
	X(VNC_NAME, "vnc.name", ARTIFACT, BYTES, MESSAGE, 1,                                       \
		"name of the desktop that a VNC server shows")                                     \
	X(SNMP_COMMUNITY, "snmp.community", ARTIFACT, BYTES, MESSAGE, 1,                           \
		"community of an SNMP 1 or 2c message")                                            \
	X(SNMP_USER, "snmp.user", ARTIFACT, BYTES, MESSAGE, 1, "user of an SNMP 3 message")        \
	X(SNMP_AGENT, "snmp.agent", IPV4, ADDR, MESSAGE, 0,                                        \
		"address of the agent that a trap of SNMP 1 is about")                             \
	X(RADIUS_USER, "radius.user", ARTIFACT, BYTES, MESSAGE, 1, "user in a RADIUS message")     \
	X(RADIUS_NAS_IP, "radius.nas_ip", IPV4, ADDR, MESSAGE, 0,                                  \
		"address of the access server in a RADIUS message")                                \
	X(RADIUS_NAS_IDENTIFIER, "radius.nas_identifier", ARTIFACT, BYTES, MESSAGE, 0,             \
		"name of the access server in a RADIUS message")                                   \
	X(RADIUS_FRAMED_IP, "radius.framed_ip", IPV4, ADDR, MESSAGE, 0,                            \
		"address that a user of RADIUS gets")                                              \
	X(RADIUS_CALLING_STATION_ID, "radius.calling_station_id", ARTIFACT, BYTES, MESSAGE, 1,     \
		"where a user of RADIUS comes from: a MAC address, an address, a number")          \
	X(RADIUS_CALLED_STATION_ID, "radius.called_station_id", ARTIFACT, BYTES, MESSAGE, 0,       \
		"what a user of RADIUS connects to")                                               \
	X(DHCP_CLIENT_MAC, "dhcp.client_mac", MAC, MAC, MESSAGE, 1,                                \
		"hardware address of the client of a DHCP message")                                \
	X(DHCP_HOSTNAME, "dhcp.hostname", DOMAIN, NAME, MESSAGE, 1, "host name in a DHCP message") \
	X(DHCP_CLIENT_FQDN, "dhcp.client_fqdn", DOMAIN, NAME, MESSAGE, 1,                          \
		"full name that a DHCP client gives itself, or gets")                              \
	X(DHCP_DOMAIN, "dhcp.domain", DOMAIN, NAME, MESSAGE, 0,                                    \
		"domain that a DHCP server hands out")                                             \
	X(DHCP_VENDOR_CLASS, "dhcp.vendor_class", SOFTWARE, BYTES, MESSAGE, 0,                     \
		"vendor class of a DHCP client")                                                   \
	X(DHCP_REQUESTED_IP, "dhcp.requested_ip", IPV4, ADDR, MESSAGE, 0,                          \
		"address that a DHCP client asks for")                                             \
	X(DHCP_ASSIGNED_IP, "dhcp.assigned_ip", IPV4, ADDR, MESSAGE, 1,                            \
		"address that a DHCP server gives")                                                \
	X(MQTT_TOPIC, "mqtt.topic", ARTIFACT, BYTES, MESSAGE, 1,                                   \
		"topic that an MQTT message or subscription names")                                \
	X(MQTT_CLIENT_ID, "mqtt.client_id", ARTIFACT, BYTES, MESSAGE, 1,                           \
		"name that an MQTT client gives itself")                                           \
	X(MQTT_USER, "mqtt.user", ARTIFACT, BYTES, MESSAGE, 1,                                     \
		"user name that an MQTT client gives")                                             \
	X(SIP_URI, "sip.uri", ARTIFACT, BYTES, MESSAGE, 1, "URI that a SIP request asks for")      \
	X(SIP_FROM, "sip.from", ARTIFACT, LOWER, MESSAGE, 1,                                       \
		"URI in the From of a SIP message, without its parameters")                        \
	X(SIP_TO, "sip.to", ARTIFACT, LOWER, MESSAGE, 0,                                           \
		"URI in the To of a SIP message, without its parameters")                          \
	X(SIP_USER_AGENT, "sip.user_agent", USER_AGENT, BYTES, MESSAGE, 0,                         \
		"User-Agent of a SIP message")                                                     \
	X(SIP_HOST, "sip.host", DOMAIN, NAME, MESSAGE, 0,                                          \
		"host of the URIs and of the senders (Via) in a SIP message")                      \
	X(SYSLOG_HOSTNAME, "syslog.hostname", DOMAIN, NAME, MESSAGE, 0,                            \
		"host that a syslog message is of")                                                \
	X(SYSLOG_APP, "syslog.app", SOFTWARE, BYTES, MESSAGE, 0,                                   \
		"program that a syslog message is of")                                             \
	X(XMPP_TO, "xmpp.to", DOMAIN, NAME, MESSAGE, 1, "domain that an XMPP stream is to")        \
	X(XMPP_FROM, "xmpp.from", DOMAIN, NAME, MESSAGE, 0,                                        \
		"domain, or address, that an XMPP stream is from")                                 \
	X(IRC_NICK, "irc.nick", ARTIFACT, BYTES, MESSAGE, 1, "nickname that an IRC client takes")  \
	X(IRC_USER, "irc.user", ARTIFACT, BYTES, MESSAGE, 1, "user name that an IRC client gives") \
	X(IRC_CHANNEL, "irc.channel", ARTIFACT, LOWER, MESSAGE, 1,                                 \
		"channel that somebody joins or speaks in, in IRC")                                \
	X(IRC_HOST, "irc.host", DOMAIN, NAME, MESSAGE, 1, "name that an IRC server gives itself")  \
	X(TELNET_USER, "telnet.user", ARTIFACT, BYTES, MESSAGE, 1,                                 \
		"user name that a Telnet client gives")                                            \
	X(TELNET_TERMINAL, "telnet.terminal", ARTIFACT, LOWER, MESSAGE, 0,                         \
		"terminal that a Telnet client names")                                             \
	X(MYSQL_VERSION, "mysql.version", SOFTWARE, BYTES, MESSAGE, 0,                             \
		"version that a MySQL or MariaDB server greets with")                              \
	X(MYSQL_USER, "mysql.user", ARTIFACT, BYTES, MESSAGE, 1, "user of a MySQL login")          \
	X(MYSQL_DATABASE, "mysql.database", ARTIFACT, BYTES, MESSAGE, 1,                           \
		"database that a MySQL client logs in to or changes to")                           \
	X(PGSQL_USER, "pgsql.user", ARTIFACT, BYTES, MESSAGE, 1, "user of a PostgreSQL login")     \
	X(PGSQL_DATABASE, "pgsql.database", ARTIFACT, BYTES, MESSAGE, 1,                           \
		"database of a PostgreSQL login")                                                  \
	X(PGSQL_APPLICATION_NAME, "pgsql.application_name", ARTIFACT, BYTES, MESSAGE, 0,           \
		"what a PostgreSQL client calls itself in its login")                              \
	X(PGSQL_SERVER_VERSION, "pgsql.server_version", SOFTWARE, BYTES, MESSAGE, 0,               \
		"version that a PostgreSQL server reports")                                        \
	X(TDS_USER, "tds.user", ARTIFACT, BYTES, MESSAGE, 1,                                       \
		"user of a login to SQL Server or Sybase")                                         \
	X(TDS_HOSTNAME, "tds.hostname", DOMAIN, NAME, MESSAGE, 1,                                  \
		"name that a client of SQL Server or Sybase gives its host")                       \
	X(TDS_APP, "tds.app", ARTIFACT, BYTES, MESSAGE, 0,                                         \
		"what a client of SQL Server or Sybase calls itself")                              \
	X(TDS_SERVER, "tds.server", ARTIFACT, BYTES, MESSAGE, 0,                                   \
		"server as a client of SQL Server or Sybase was told to reach it")                 \
	X(TDS_DATABASE, "tds.database", ARTIFACT, BYTES, MESSAGE, 1,                               \
		"database of a login to SQL Server")                                               \
	X(RPC_PROGRAM, "rpc.program", ARTIFACT, BYTES, MESSAGE, 0,                                 \
		"number of the ONC RPC program that is called, told where it changes")             \
	X(RPC_VERSION, "rpc.version", ARTIFACT, BYTES, MESSAGE, 0,                                 \
		"version of the ONC RPC program that is called, told with it")                     \
	X(NFS_FILE, "nfs.file", ARTIFACT, BYTES, MESSAGE, 1,                                       \
		"name of a file that an NFS client looks up, opens, makes, renames or removes")    \
	X(NFS_MOUNT, "nfs.mount", ARTIFACT, BYTES, MESSAGE, 1,                                     \
		"path that an NFS client mounts or unmounts")                                      \
	X(BITTORRENT_INFO_HASH, "bittorrent.info_hash", ARTIFACT, HEX, MESSAGE, 1,                 \
		"hash of a torrent that BitTorrent peers exchange, or ask the DHT or a tracker "   \
		"for")

#define X(id, ...) SL_WHERE_##id,
enum sl_where { SL_WHERES(X) SL_WHERE_COUNT };
#undef X

struct sl_where_row {
	const char *name;
	uint8_t type; /* enum sl_type */
	uint8_t form; /* enum sl_form */
	uint8_t scope; /* enum sl_scope */
	bool context; /* kept in the flow's context block */
	const char *description;
};
extern const struct sl_where_row sl_wheres[SL_WHERE_COUNT];
const char *sl_type_text(enum sl_type t);
/* SL_TYPE_NONE / SL_WHERE_NONE: no such name. */
enum sl_type sl_type_find(const char *name, size_t len);
enum sl_where sl_where_find(const char *name, size_t len);

/* Places of names in which an address may stand as well. */
static inline bool sl_where_is_host(enum sl_where w)
{
	return w == SL_WHERE_HTTP_HOST || w == SL_WHERE_HTTP_TARGET_HOST ||
	       w == SL_WHERE_SIP_HOST || w == SL_WHERE_SYSLOG_HOSTNAME;
}

/* Which part of its value an observable is. */
enum sl_part {
	SL_PART_WHOLE,
	SL_PART_BEGIN,
	SL_PART_MORE,
	SL_PART_END,
	SL_PART_GAP,
	SL_PART_TRUNCATED
};

/* struct sl_observable.flags */
enum {
	SL_OBS_REPEAT =
		1 << 0, /* this message said the value before (a response repeating its question) */
	SL_OBS_AGAIN =
		1 << 1, /* looked up again after a change of intel: only what is newer counts */
	SL_OBS_CLOSE = 1 << 2, /* no value: the message is complete */
	SL_OBS_SILENT =
		1 << 3, /* the worker's own question, nothing that the wire says: never emitted */
	SL_OBS_PROXIED = 1 << 4, /* of an HTTP request that asks a proxy: it names another host */
};

struct sl_observable {
	struct sl_flow *flow;
	const uint8_t *value;
	uint32_t len;
	uint32_t message;
	uint64_t ts_ns;
	uint64_t offset; /* of a streamed body's part */
	uint16_t where; /* enum sl_where */
	uint8_t type; /* enum sl_type, of this value */
	uint8_t dir; /* enum sl_dir */
	uint8_t part; /* enum sl_part */
	uint8_t flags;
	uint8_t outcome; /* enum sl_outcome of the message, as far as known; NONE: the flow's */
};

struct sl_parser;
struct sl_parser_pool;
struct sl_expect;
struct sl_aead;
struct sl_inflate_pool;

/* Where the bytes of files go besides their hashes. Both calls are the worker's; `file` is a number
 * that no other file of this worker has. */
struct sl_file_sink {
	void (*bytes)(void *arg, const struct sl_flow *f, uint32_t message, uint64_t file,
		uint64_t offset, struct sl_span bytes);
	/* type NULL: not known. A file that is not whole is told so, and has no hash. */
	void (*end)(
		void *arg, uint64_t file, bool whole, const uint8_t sha256[32], const char *type);
	void *arg;
};

#define SL_BATCH_MAX 256
#define SL_BATCH_TEXT 32768
#define SL_VALUE_MAX 8192 /* longest value; what is longer is SL_PART_TRUNCATED */

/* One worker's observables on their way to matching. The worker sets the header before it feeds a
 * parser; only the calls below touch the rest. A full batch is a normal state: sl_batch_* give
 * false or NULL, the parser returns SL_FULL, the worker matches, empties, and feeds the same parser
 * again. */
struct sl_batch {
	/* -- the worker sets -- */
	struct sl_flow *flow;
	uint64_t ts_ns;
	uint64_t want[(SL_WHERE_COUNT + 63) /
		      64]; /* wheres that anything wants; the rest need not be computed */
	uint8_t outcome; /* enum sl_outcome of what is parsed now; the parser may set it */
	uint8_t flags; /* given to every observable added */
	struct sl_counters *counters;
	struct sl_parser_pool *pool; /* for a parser's buffers; NULL: there is none */
	struct sl_expect *expect; /* for flows that a parser announces; NULL: nobody asks */
	uint32_t salt; /* of the packet at hand: an address in a payload lacks it */
	/* -- the worker clears, a parser that gives SL_NOT_MINE may set -- */
	const struct sl_parser *next; /* takes both directions over; NULL: they are probed */
	struct sl_aead *aead; /* opens what is sealed with keys on the wire; NULL: there is none */
	struct sl_inflate_pool *inflate; /* for content codings; NULL: none is undone */
	const struct sl_file_sink *sink; /* of files' bytes; NULL: nobody keeps them */
	uint64_t files; /* numbered so far, where there is a sink */
	/* -- the batch's own -- */
	uint16_t n;
	uint32_t used;
	struct sl_observable obs[SL_BATCH_MAX];
	uint8_t text[SL_BATCH_TEXT];
};

static inline bool sl_batch_wants(const struct sl_batch *b, enum sl_where w)
{
	return b->want[w / 64] >> (w % 64) & 1;
}

static inline void sl_batch_want_all(struct sl_batch *b)
{
	memset(b->want, 0xff, sizeof(b->want));
}

static inline void sl_batch_empty(struct sl_batch *b)
{
	b->n = 0;
	b->used = 0;
}

/* Room for at least n more observables and `bytes` of text: what a parser asks before it starts on
 * a piece that it wants to add in one go. */
static inline bool sl_batch_has_room(const struct sl_batch *b, uint16_t n, uint32_t bytes)
{
	return b->n + n <= SL_BATCH_MAX && b->used + bytes <= SL_BATCH_TEXT;
}

/* Adds an observable whose value is already in normal form; it is copied, and cut
 * (SL_PART_TRUNCATED, counted) at SL_VALUE_MAX. An empty value is left out. False: the batch is
 * full, nothing was added. */
bool sl_batch_add(struct sl_batch *b, enum sl_where w, enum sl_dir dir, uint32_t message,
	struct sl_span value);
/* The same for an address. */
bool sl_batch_add_addr(struct sl_batch *b, enum sl_where w, enum sl_dir dir, uint32_t message,
	const union sl_addr *a, uint8_t version);
/* Takes raw bytes through the normal form of w first (names, URLs, lower case ...), then adds them.
 * A value that has no normal form is left out and counted by the caller's choice: *ok tells, where
 * not NULL. */
bool sl_batch_add_raw(struct sl_batch *b, enum sl_where w, enum sl_dir dir, uint32_t message,
	struct sl_span raw, bool *ok);
/* Says that a message is complete. */
bool sl_batch_close(struct sl_batch *b, enum sl_dir dir, uint32_t message);
/* The number of the next message of the batch's flow, from 1. */
uint32_t sl_batch_next_message(struct sl_batch *b);

/* ---- Normal forms. Pure, bounded, no allocation: usable on workers and by the readers of
 * intelligence ---- */

/* A name as DNS, HTTP or TLS say it: ASCII letters to lower case, final dot off. Returns the length
 * written to out (0: empty, or longer than cap). A byte that is no valid UTF-8 becomes \xNN, a
 * backslash \\. */
size_t sl_norm_name(struct sl_span in, uint8_t *out, size_t cap);
/* RFC 3986 6.2.2 and 6.2.3: scheme and host in lower case, dot segments removed, percent-encoding
 * of unreserved characters undone and hex digits in upper case, default port and empty path mended,
 * fragment off. What RFC 3986 doesn't allow stays as it is. 0: no URL (no scheme or no host), or
 * longer than cap, also where only dot segments on their way to removal are. */
size_t sl_norm_url(struct sl_span in, uint8_t *out, size_t cap);
/* A Host header or authority without its port, userinfo and brackets, as a name. */
size_t sl_norm_host(struct sl_span in, uint8_t *out, size_t cap);
size_t sl_norm_lower(struct sl_span in, uint8_t *out, size_t cap);
/* Trims white space, escapes as sl_norm_name does, keeps case. */
size_t sl_norm_bytes(struct sl_span in, uint8_t *out, size_t cap);
/* By form; the binary forms (ADDR, MAC) give 0. */
size_t sl_norm(enum sl_form form, struct sl_span in, uint8_t *out, size_t cap);
/* A domain name that a person or feed wrote, to A-labels (IDNA2008 through libidn2, UTS 46
 * mapping); allocates, never on a worker. 0, or -EINVAL: no domain name (empty label, label over
 * 63, name over 253, odd bytes). An underscore is allowed. */
int sl_domain_from_text(const char *text, size_t len, char *out, size_t cap);

/* An observable's value as text: addresses and MACs spelled out, the rest as it is. Returns its
 * length; out has room for SL_VALUE_MAX + 1. */
size_t sl_value_text(enum sl_where w, struct sl_span value, char *out);

/* ---- What a flow said of itself: the context of its sightings, and what a change of intel looks
 * up again ---- */

#define SL_SAID_BYTES 480
struct sl_said {
	uint16_t used;
	uint8_t bytes[SL_SAID_BYTES]; /* entries: where (2), length (2), message (4), value */
};
struct sl_said_entry {
	enum sl_where where;
	uint32_t message;
	struct sl_span value;
};
/* Keeps the newest value of each where; false: no room (the caller counts it). Worker. */
bool sl_said_put(struct sl_said *s, enum sl_where w, uint32_t message, struct sl_span value);
/* *at starts at 0; false: no more. Works on a copy of the bytes as well. */
bool sl_said_next(const struct sl_said *s, uint16_t *at, struct sl_said_entry *out);

#endif
