/* SPDX-License-Identifier: BSD-3-Clause */
/* registry.h - every protocol that is parsed, one row each. This list makes the registry, and the
 * build: of a row `name`, <name>.c lies in this folder, its unit test and its fuzz target are
 * <name>_test.c and fuzz_<name>.c in tests/parser/, its corpus tests/parser/corpus/<name>/.
 *
 * The order is that of probing: what has the surest mark comes first. */
#ifndef PARSER_REGISTRY_H
#define PARSER_REGISTRY_H

/* clang-format off */
#define SL_PARSERS(X) \
	X(tls) \
	X(ssl2) \
	X(ssh) \
	X(sip) \
	X(xmpp) \
	X(http2) \
	X(http) \
	X(smtp) \
	X(pop3) \
	X(imap) \
	X(ftp) \
	X(smb) \
	X(mqtt) \
	X(dcerpc) \
	X(quic) \
	X(dtls) \
	X(gquic) \
	X(dns) \
	X(mdns) \
	X(llmnr) \
	X(nbns) \
	X(ssdp) \
	X(syslog) \
	X(dhcp) \
	X(dhcpv6) \
	X(irc) \
	X(telnet) \
	X(tftp) \
	X(ftp_data) \
	X(websocket) \
	X(kerberos) \
	X(ldap) \
	X(rdp) \
	X(vnc) \
	X(snmp) \
	X(radius) \
	X(ntp) \
	X(rpc) \
	X(bittorrent) \
	X(mysql) \
	X(pgsql) \
	X(tds) \
	X(socks) \
	X(dnp3) \
	X(bacnet) \
	X(enip) \
	X(iec104) \
	X(modbus) \
	X(s7comm) \
	X(s7comm_plus) \
	X(tor) \
	X(openvpn) \
	X(wireguard) \
	/* (each row ends with a backslash) */
/* clang-format on */

#endif
