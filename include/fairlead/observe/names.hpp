// SPDX-License-Identifier: BSL-1.0
// The names by which OpenTelemetry's semantic conventions call what is measured and annotated.
#pragma once

#include <string_view>

/// Attributes of spans and log lines, labels of metrics, and names of instruments, as in version
/// 1.27 of the conventions. In the text that Prometheus reads, dots are underscores.
namespace fairlead::observe::names {

// Attributes of any span.
inline constexpr std::string_view error_type = "error.type";
inline constexpr std::string_view server_address = "server.address";
inline constexpr std::string_view server_port = "server.port";
inline constexpr std::string_view client_address = "client.address";
inline constexpr std::string_view network_protocol_name = "network.protocol.name";
inline constexpr std::string_view network_protocol_version = "network.protocol.version";
inline constexpr std::string_view network_transport = "network.transport";
inline constexpr std::string_view network_peer_address = "network.peer.address";
inline constexpr std::string_view network_peer_port = "network.peer.port";

// Who made the telemetry.
inline constexpr std::string_view service_name = "service.name";
inline constexpr std::string_view service_namespace = "service.namespace";
inline constexpr std::string_view service_version = "service.version";
inline constexpr std::string_view service_instance_id = "service.instance.id";
inline constexpr std::string_view host_name = "host.name";
inline constexpr std::string_view process_pid = "process.pid";
inline constexpr std::string_view deployment_environment = "deployment.environment.name";

// HTTP.
inline constexpr std::string_view http_request_method = "http.request.method";
inline constexpr std::string_view http_response_status_code = "http.response.status_code";
inline constexpr std::string_view http_request_resend_count = "http.request.resend_count";
inline constexpr std::string_view http_request_body_size = "http.request.body.size";
inline constexpr std::string_view http_response_body_size = "http.response.body.size";
inline constexpr std::string_view http_route = "http.route";
inline constexpr std::string_view url_full = "url.full";
inline constexpr std::string_view url_scheme = "url.scheme";
inline constexpr std::string_view url_path = "url.path";
inline constexpr std::string_view url_query = "url.query";
inline constexpr std::string_view user_agent = "user_agent.original";

// Calls of ports.
inline constexpr std::string_view rpc_system = "rpc.system";
inline constexpr std::string_view rpc_service = "rpc.service";
inline constexpr std::string_view rpc_method = "rpc.method";

// Messages of brokers.
inline constexpr std::string_view messaging_system = "messaging.system";
inline constexpr std::string_view messaging_destination = "messaging.destination.name";
inline constexpr std::string_view messaging_operation_name = "messaging.operation.name";
inline constexpr std::string_view messaging_operation_type = "messaging.operation.type";
inline constexpr std::string_view messaging_message_id = "messaging.message.id";
inline constexpr std::string_view messaging_body_size = "messaging.message.body.size";
inline constexpr std::string_view messaging_batch_count = "messaging.batch.message_count";
inline constexpr std::string_view messaging_consumer_group = "messaging.consumer.group.name";

// Exceptions and errors as events.
inline constexpr std::string_view exception_event = "exception";
inline constexpr std::string_view exception_type = "exception.type";
inline constexpr std::string_view exception_message = "exception.message";

// Instruments: durations are histograms in seconds, sizes in bytes.
inline constexpr std::string_view http_client_request_duration = "http.client.request.duration";
inline constexpr std::string_view http_client_request_body_size = "http.client.request.body.size";
inline constexpr std::string_view http_client_response_body_size = "http.client.response.body.size";
inline constexpr std::string_view http_client_active_requests = "http.client.active_requests";
inline constexpr std::string_view http_client_open_connections = "http.client.open_connections";
inline constexpr std::string_view http_server_request_duration = "http.server.request.duration";
inline constexpr std::string_view http_server_active_requests = "http.server.active_requests";
inline constexpr std::string_view http_server_request_body_size = "http.server.request.body.size";
inline constexpr std::string_view http_server_response_body_size = "http.server.response.body.size";
inline constexpr std::string_view rpc_client_duration = "rpc.client.duration";
inline constexpr std::string_view rpc_server_duration = "rpc.server.duration";
inline constexpr std::string_view messaging_client_operation_duration =
    "messaging.client.operation.duration";
inline constexpr std::string_view messaging_process_duration = "messaging.process.duration";
inline constexpr std::string_view messaging_client_sent_messages = "messaging.client.sent.messages";
inline constexpr std::string_view messaging_client_consumed_messages =
    "messaging.client.consumed.messages";

// Steps of pipelines, under the names that UnifyWeaver's services have: a counter and a histogram.
inline constexpr std::string_view pipeline_step_requests = "pipeline_step_requests_total";
inline constexpr std::string_view pipeline_step_latency = "pipeline_step_latency_seconds";
inline constexpr std::string_view step = "step";        ///< the label of both
inline constexpr std::string_view outcome = "outcome";  ///< "success", "failure", ...

}  // namespace fairlead::observe::names
