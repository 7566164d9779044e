/* SPDX-License-Identifier: BSD-3-Clause */
/* cybox_table.c - which property of which CybOX object stands for which object path. Constant. The
 * names are those of CybOX 2.0 and 2.1; what is not here is seen on a host only. */
#include <string.h>

#include "cybox.h"

#define REQUEST "HTTP_Request_Response/HTTP_Client_Request/"
#define REQUEST_LINE REQUEST "HTTP_Request_Line/"
#define REQUEST_HEADER REQUEST "HTTP_Request_Header/Parsed_Header/"
#define RESPONSE_HEADER                                                                            \
	"HTTP_Request_Response/HTTP_Server_Response/HTTP_Response_Header/Parsed_Header/"
#define TO_REQUEST "network-traffic:extensions.'http-request-ext'."
#define TO_HEADER TO_REQUEST "request_header."

static const struct property_row rows[] = {
	{ "Address", "Address_Value", HOW_ADDRESS, "" },
	{ "Address", "VLAN_Name", HOW_CONTEXT, "" },
	{ "Address", "VLAN_Num", HOW_NUMBER, "network-traffic:vlan_id" },
	{ "DomainName", "Value", HOW_TEXT, "domain-name:value" },
	{ "Hostname", "Hostname_Value", HOW_TEXT, "domain-name:value" },
	{ "Hostname", "Naming_System", HOW_CONTEXT, "" },
	{ "URI", "Value", HOW_URI, "" },
	{ "Link", "Value", HOW_URI, "" },
	{ "Link", "URL_Label", HOW_CONTEXT, "" },
	{ "File", "File_Name", HOW_TEXT, "file:name" },
	{ "File", "Size_In_Bytes", HOW_NUMBER, "file:size" },
	{ "File", "File_Extension", HOW_CONTEXT, "" },
	{ "EmailMessage", "Header/From/Address_Value", HOW_TEXT, "email-message:from_ref.value" },
	{ "EmailMessage", "Header/Sender/Address_Value", HOW_TEXT,
		"email-message:sender_ref.value" },
	{ "EmailMessage", "Header/To/Recipient/Address_Value", HOW_TEXT,
		"email-message:to_refs.value" },
	{ "EmailMessage", "Header/CC/Recipient/Address_Value", HOW_TEXT,
		"email-message:cc_refs.value" },
	{ "EmailMessage", "Header/BCC/Recipient/Address_Value", HOW_TEXT,
		"email-message:bcc_refs.value" },
	{ "EmailMessage", "Header/Subject", HOW_TEXT, "email-message:subject" },
	{ "EmailMessage", "Header/Message_ID", HOW_TEXT, "email-message:message_id" },
	{ "Port", "Port_Value", HOW_PORT, "" },
	{ "Port", "Layer4_Protocol", HOW_PROTOCOL, "network-traffic:protocols" },
	{ "NetworkConnection", "Layer3_Protocol", HOW_PROTOCOL, "network-traffic:protocols" },
	{ "NetworkConnection", "Layer4_Protocol", HOW_PROTOCOL, "network-traffic:protocols" },
	{ "NetworkConnection", "Layer7_Protocol", HOW_PROTOCOL, "network-traffic:protocols" },
	{ "NetworkConnection", "Source_Socket_Address/IP_Address/Address_Value", HOW_ADDRESS,
		"network-traffic:src_ref.value" },
	{ "NetworkConnection", "Source_Socket_Address/Hostname/Hostname_Value", HOW_TEXT,
		"network-traffic:src_ref.value" },
	{ "NetworkConnection", "Source_Socket_Address/Port/Port_Value", HOW_NUMBER,
		"network-traffic:src_port" },
	{ "NetworkConnection", "Source_Socket_Address/Port/Layer4_Protocol", HOW_PROTOCOL,
		"network-traffic:protocols" },
	{ "NetworkConnection", "Destination_Socket_Address/IP_Address/Address_Value", HOW_ADDRESS,
		"network-traffic:dst_ref.value" },
	{ "NetworkConnection", "Destination_Socket_Address/Hostname/Hostname_Value", HOW_TEXT,
		"network-traffic:dst_ref.value" },
	{ "NetworkConnection", "Destination_Socket_Address/Port/Port_Value", HOW_NUMBER,
		"network-traffic:dst_port" },
	{ "NetworkConnection", "Destination_Socket_Address/Port/Layer4_Protocol", HOW_PROTOCOL,
		"network-traffic:protocols" },
	{ "NetworkConnection", "Creation_Time", HOW_CONTEXT, "" },
	{ "NetworkSocket", "Protocol", HOW_PROTOCOL, "network-traffic:protocols" },
	{ "NetworkSocket", "Address_Family", HOW_CONTEXT, "" },
	{ "NetworkSocket", "Domain", HOW_CONTEXT, "" },
	{ "NetworkSocket", "Type", HOW_CONTEXT, "" },
	{ "HTTPSession", REQUEST_LINE "HTTP_Method", HOW_TEXT, TO_REQUEST "request_method" },
	{ "HTTPSession", REQUEST_LINE "Value", HOW_TEXT, TO_REQUEST "request_value" },
	{ "HTTPSession", REQUEST_LINE "Version", HOW_CONTEXT, "" },
	{ "HTTPSession", REQUEST_HEADER "Host/Domain_Name/Value", HOW_TEXT, TO_HEADER "Host" },
	{ "HTTPSession", REQUEST_HEADER "Host/Port/Port_Value", HOW_NUMBER,
		"network-traffic:dst_port" },
	{ "HTTPSession", REQUEST_HEADER "User_Agent", HOW_TEXT, TO_HEADER "'User-Agent'" },
	{ "HTTPSession", REQUEST_HEADER "Referer/Value", HOW_TEXT, TO_HEADER "Referer" },
	{ "HTTPSession", REQUEST_HEADER "Cookie", HOW_TEXT, TO_HEADER "Cookie" },
	{ "HTTPSession", REQUEST_HEADER "X_Forwarded_For/Address_Value", HOW_TEXT,
		TO_HEADER "'X-Forwarded-For'" },
	{ "HTTPSession", RESPONSE_HEADER "Server", HOW_TEXT,
		"network-traffic:extensions.'http-response-ext'.response_header.Server" },
	{ "DNSQuery", "Question/QName/Value", HOW_TEXT,
		"network-traffic:extensions.'dns-ext'.question.domain_ref.value" },
	{ "DNSQuery", "Question/QType", HOW_CONTEXT, "" },
	{ "DNSQuery", "Question/QClass", HOW_CONTEXT, "" },
	{ "DNSQuery", "Answer_Resource_Records/Resource_Record/Domain_Name/Value", HOW_TEXT,
		"domain-name:value" },
	{ "DNSQuery", "Answer_Resource_Records/Resource_Record/IP_Address/Address_Value",
		HOW_ADDRESS, "domain-name:resolves_to_refs.value" },
	{ "DNSRecord", "Domain_Name/Value", HOW_TEXT, "domain-name:value" },
	{ "DNSRecord", "IP_Address/Address_Value", HOW_ADDRESS,
		"domain-name:resolves_to_refs.value" },
	{ "DNSRecord", "Description", HOW_CONTEXT, "" },
	{ "DNSRecord", "Queried_Date", HOW_CONTEXT, "" },
	{ "DNSRecord", "Address_Class", HOW_CONTEXT, "" },
	{ "DNSRecord", "Entry_Type", HOW_CONTEXT, "" },
	{ "DNSRecord", "Record_Name", HOW_CONTEXT, "" },
	{ "DNSRecord", "Record_Type", HOW_CONTEXT, "" },
	{ "DNSRecord", "TTL", HOW_CONTEXT, "" },
	{ "X509Certificate", "Certificate/Issuer", HOW_TEXT, "x509-certificate:issuer" },
	{ "X509Certificate", "Certificate/Subject", HOW_TEXT, "x509-certificate:subject" },
	{ "X509Certificate", "Certificate/Serial_Number", HOW_TEXT,
		"x509-certificate:serial_number" },
	{ "X509Certificate", "Certificate/Standard_Extensions/Subject_Alternative_Name", HOW_TEXT,
		"x509-certificate:x509_v3_extensions.subject_alternative_name" },
};

const struct property_row *property_find(const char *object, const char *path)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].object, object) == 0 && strcmp(rows[i].path, path) == 0)
			return &rows[i];
	return NULL;
}
