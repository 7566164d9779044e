/* SPDX-License-Identifier: BSD-3-Clause */
/* openioc_terms.c - the search terms of OpenIOC, and what of a network each stands for. Constant.
 * Terms of a host's memory, registry, processes and disks are not here. */
#include <string.h>

#include "openioc.h"

#define TO_REQUEST "network-traffic:extensions.'http-request-ext'."
#define TO_HEADER TO_REQUEST "request_header."

static const struct openioc_term terms[] = {
	{ "Network/DNS", HOW_TEXT, "domain-name:value", TERM_OTHER },
	{ "Network/URI", HOW_URI, "url:value", TERM_OTHER },
	{ "Network/UserAgent", HOW_TEXT, TO_HEADER "'User-Agent'", TERM_OTHER },
	{ "Network/HTTP_Referr", HOW_TEXT, TO_HEADER "Referer", TERM_OTHER },
	{ "Network/HTTP_Referer", HOW_TEXT, TO_HEADER "Referer", TERM_OTHER },
	{ "Network/Host", HOW_TEXT, "domain-name:value", TERM_OTHER },
	{ "Network/IP", HOW_ADDRESS, "", TERM_OTHER },
	{ "PortItem/remoteIP", HOW_ADDRESS, "", TERM_OTHER },
	{ "PortItem/localIP", HOW_ADDRESS, "", TERM_OTHER },
	{ "PortItem/remotePort", HOW_PORT, "", TERM_OTHER },
	{ "PortItem/localPort", HOW_PORT, "", TERM_OTHER },
	{ "PortItem/protocol", HOW_PROTOCOL, "network-traffic:protocols", TERM_OTHER },
	/* MISP's export writes an attribute ip-dst so. */
	{ "RouteEntryItem/Destination", HOW_ADDRESS, "", TERM_OTHER },
	{ "ArpEntryItem/IPv4Address", HOW_ADDRESS, "", TERM_OTHER },
	{ "ArpEntryItem/PhysicalAddress", HOW_TEXT, "mac-addr:value", TERM_OTHER },
	{ "DnsEntryItem/Host", HOW_TEXT, "domain-name:value", TERM_OTHER },
	{ "DnsEntryItem/RecordName", HOW_TEXT, "domain-name:value", TERM_OTHER },
	{ "DnsEntryItem/RecordData/Host", HOW_TEXT, "domain-name:value", TERM_OTHER },
	{ "DnsEntryItem/RecordData/IPv4Address", HOW_ADDRESS, "domain-name:resolves_to_refs.value",
		TERM_OTHER },
	{ "DnsEntryItem/RecordData/IPv6Address", HOW_ADDRESS, "domain-name:resolves_to_refs.value",
		TERM_OTHER },
	{ "UrlHistoryItem/URL", HOW_URI, "url:value", TERM_OTHER },
	{ "UrlHistoryItem/HostName", HOW_TEXT, "domain-name:value", TERM_OTHER },
	{ "CookieHistoryItem/HostName", HOW_TEXT, "domain-name:value", TERM_OTHER },
	{ "FileDownloadHistoryItem/SourceURL", HOW_URI, "url:value", TERM_OTHER },
	{ "FileDownloadHistoryItem/FileName", HOW_TEXT, "file:name", TERM_OTHER },
	{ "FormHistoryItem/HostName", HOW_TEXT, "domain-name:value", TERM_OTHER },
	{ "Email/From", HOW_TEXT, "email-message:from_ref.value", TERM_OTHER },
	{ "Email/To", HOW_TEXT, "email-message:to_refs.value", TERM_OTHER },
	{ "Email/CC", HOW_TEXT, "email-message:cc_refs.value", TERM_OTHER },
	{ "Email/BCC", HOW_TEXT, "email-message:bcc_refs.value", TERM_OTHER },
	{ "Email/Subject", HOW_TEXT, "email-message:subject", TERM_OTHER },
	{ "Email/Attachment/Name", HOW_TEXT, "email-message:body_multipart.body_raw_ref.name",
		TERM_OTHER },
	{ "Email/Attachment/Md5sum", HOW_TEXT, "file:hashes.MD5", TERM_OTHER },
	{ "Email/Attachment/SizeInBytes", HOW_NUMBER, "file:size", TERM_OTHER },
	{ "FileItem/Md5sum", HOW_TEXT, "file:hashes.MD5", TERM_FILE_HASH },
	{ "FileItem/Sha1sum", HOW_TEXT, "file:hashes.'SHA-1'", TERM_FILE_HASH },
	{ "FileItem/Sha256sum", HOW_TEXT, "file:hashes.'SHA-256'", TERM_FILE_HASH },
	{ "FileItem/FileName", HOW_TEXT, "file:name", TERM_FILE },
	{ "FileItem/SizeInBytes", HOW_NUMBER, "file:size", TERM_FILE },
	{ "FileItem/FullPath", HOW_UNSEEN, "file:full_path", TERM_FILE },
	{ "FileItem/FilePath", HOW_UNSEEN, "file:path", TERM_FILE },
	{ "FileItem/FileExtension", HOW_UNSEEN, "file:extension", TERM_FILE },
	{ "TaskItem/md5sum", HOW_TEXT, "file:hashes.MD5", TERM_OTHER },
	{ "ServiceItem/serviceDLLmd5sum", HOW_TEXT, "file:hashes.MD5", TERM_OTHER },
	{ "DriverItem/Md5sum", HOW_TEXT, "file:hashes.MD5", TERM_OTHER },
	{ "ProcessItem/Md5sum", HOW_TEXT, "file:hashes.MD5", TERM_OTHER },
	{ "dnsLookupEvent/hostname", HOW_TEXT,
		"network-traffic:extensions.'dns-ext'.question.domain_ref.value", TERM_OTHER },
	{ "urlMonitorEvent/hostname", HOW_TEXT, TO_HEADER "Host", TERM_OTHER },
	{ "urlMonitorEvent/requestUrl", HOW_TEXT, TO_REQUEST "request_value", TERM_OTHER },
	{ "urlMonitorEvent/urlMethod", HOW_TEXT, TO_REQUEST "request_method", TERM_OTHER },
	{ "urlMonitorEvent/userAgent", HOW_TEXT, TO_HEADER "'User-Agent'", TERM_OTHER },
	{ "urlMonitorEvent/remoteIpAddress", HOW_ADDRESS, "network-traffic:dst_ref.value",
		TERM_OTHER },
	{ "urlMonitorEvent/remotePort", HOW_NUMBER, "network-traffic:dst_port", TERM_OTHER },
	{ "ipv4NetworkEvent/remoteIP", HOW_ADDRESS, "", TERM_OTHER },
	{ "ipv4NetworkEvent/remotePort", HOW_PORT, "", TERM_OTHER },
	{ "ipv4NetworkEvent/localIP", HOW_ADDRESS, "", TERM_OTHER },
	{ "ipv4NetworkEvent/localPort", HOW_PORT, "", TERM_OTHER },
	{ "ipv4NetworkEvent/protocol", HOW_PROTOCOL, "network-traffic:protocols", TERM_OTHER },
	{ "fileWriteEvent/md5", HOW_TEXT, "file:hashes.MD5", TERM_FILE_HASH },
	{ "fileWriteEvent/fileName", HOW_TEXT, "file:name", TERM_FILE },
	{ "fileWriteEvent/size", HOW_NUMBER, "file:size", TERM_FILE },
	{ "fileWriteEvent/fileExtension", HOW_UNSEEN, "file:extension", TERM_FILE },
	{ "fileWriteEvent/filePath", HOW_UNSEEN, "file:path", TERM_FILE },
	{ "fileWriteEvent/fullPath", HOW_UNSEEN, "file:full_path", TERM_FILE },
	{ "Snort/Snort", HOW_RULE, "", TERM_OTHER },
};

const struct openioc_term *openioc_term_find(const char *search)
{
	for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++)
		if (strcasecmp(terms[i].search, search) == 0)
			return &terms[i];
	return NULL;
}
