/**
 * The messages of a Perfetto trace that an export writes, with the field numbers of Perfetto's published schema
 * (protos/perfetto/trace in its repository), which never change. A test holds them against that schema's numbers.
 */
import protobuf from 'protobufjs';

const schema = `
syntax = "proto2";
package perfetto.protos;

message Trace { repeated TracePacket packet = 1; }

message TracePacket {
  optional uint64 timestamp = 8;
  optional uint32 trusted_packet_sequence_id = 10;
  optional InternedData interned_data = 12;
  optional uint32 sequence_flags = 13;
  optional TracePacketDefaults trace_packet_defaults = 59;
  oneof data {
    ClockSnapshot clock_snapshot = 6;
    TrackEvent track_event = 11;
    TrackDescriptor track_descriptor = 60;
  }
}

message TracePacketDefaults { optional uint32 timestamp_clock_id = 58; }

message ClockSnapshot {
  message Clock { optional uint32 clock_id = 1; optional uint64 timestamp = 2; }
  repeated Clock clocks = 1;
  optional uint32 primary_trace_clock = 2;
}

message InternedData {
  repeated EventCategory event_categories = 1;
  repeated EventName event_names = 2;
  repeated DebugAnnotationName debug_annotation_names = 3;
}
message EventCategory { optional uint64 iid = 1; optional string name = 2; }
message EventName { optional uint64 iid = 1; optional string name = 2; }
message DebugAnnotationName { optional uint64 iid = 1; optional string name = 2; }

message TrackDescriptor {
  optional uint64 uuid = 1;
  optional string name = 2;
  optional ProcessDescriptor process = 3;
  optional ThreadDescriptor thread = 4;
  optional uint64 parent_uuid = 5;
  optional CounterDescriptor counter = 8;
}
message ProcessDescriptor { optional int32 pid = 1; optional string process_name = 6; }
message ThreadDescriptor { optional int32 pid = 1; optional int32 tid = 2; optional string thread_name = 5; }
message CounterDescriptor { optional uint32 unit = 3; }

message TrackEvent {
  repeated uint64 category_iids = 3;
  repeated DebugAnnotation debug_annotations = 4;
  optional uint32 type = 9;
  oneof name_field {
    uint64 name_iid = 10;
    string name = 23;
  }
  optional uint64 track_uuid = 11;
  optional int64 counter_value = 30;
}
message DebugAnnotation {
  optional uint64 name_iid = 1;
  oneof value {
    int64 int_value = 4;
    string string_value = 6;
  }
}
`;

export const perfettoRoot = protobuf.parse(schema, { keepCase: true }).root;
export const internedType = perfettoRoot.lookupType('perfetto.protos.InternedData');
export const traceType = perfettoRoot.lookupType('perfetto.protos.Trace');

/** Values of enumerations in the published schema. */
export const eventTypes = { sliceBegin: 1, sliceEnd: 2, instant: 3, counter: 4 } as const;
export const counterUnits = { ns: 1, count: 2, bytes: 3 } as const;
export const clocks = { realtime: 1, monotonic: 3 } as const;
export const sequenceFlags = { incrementalStateCleared: 1, needsIncrementalState: 2 } as const;
