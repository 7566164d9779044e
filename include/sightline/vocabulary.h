/* SPDX-License-Identifier: BSD-3-Clause */
/* vocabulary.h - every place in which something is said that somebody could have an indicator for,
 * one row each, in the words of Suricata and Zeek. observable.h makes an enum of it. */
#ifndef SIGHTLINE_VOCABULARY_H
#define SIGHTLINE_VOCABULARY_H

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

#endif
