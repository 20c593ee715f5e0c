/** What can be set of a live run, by the labels of its fields: the palette finds them, and the Scope's sheet shows them. */
export interface SettingName {
  /** As the field is called. */
  readonly label: string;
  readonly words: string;
}

export const settingNames: readonly SettingName[] = [
  { label: 'Protocol', words: 'http echo resp redis server' },
  { label: 'Handler', words: 'echo respond forward proxy server' },
  { label: 'Response size', words: 'bytes body reply server' },
  { label: 'Chunks a reply', words: 'pieces write server' },
  { label: 'Port', words: 'address listen server' },
  { label: 'Forgets to close', words: 'CLOSE_WAIT leak descriptors server bug' },
  { label: 'Server’s send buffer', words: 'SO_SNDBUF socket tcp bytes' },
  { label: 'Server’s receive buffer', words: 'SO_RCVBUF socket tcp bytes' },
  { label: 'Accepts with the first bytes', words: 'TCP_DEFER_ACCEPT deferAccept socket tcp server' },
  { label: 'Server’s Nagle’s algorithm', words: 'TCP_NODELAY noDelay socket tcp' },
  { label: 'Server and clients on cores of their own', words: 'pin affinity cpu' },
  { label: 'CPU work', words: 'compute handler busy µs' },
  { label: 'Upstream wait', words: 'database sleep latency ms' },
  { label: 'Upstream’s model', words: 'forward proxy behind' },
  { label: 'Upstream’s response', words: 'forward proxy bytes' },
  { label: 'Upstream’s CPU work', words: 'forward proxy µs' },
  { label: 'Upstream’s own wait', words: 'forward proxy ms' },
  { label: 'Request size', words: 'bytes payload clients load' },
  { label: 'Time limit of a request', words: 'timeout clients load ms' },
  { label: 'Source addresses', words: 'ports ephemeral 127.0.0.0/8 clients load' },
  { label: 'Threads of the clients', words: 'load generator' },
  { label: 'Path', words: 'url target http clients load' },
];
