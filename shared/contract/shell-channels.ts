/** Names by which the Electron shell and its page call each other; apart from their schemas, as the preload has no room for those. */
export const shellChannels = {
  /** Page to shell: a new connection to the lab is wanted. */
  connect: 'shell:connect',
  /** Shell to page: its port. */
  port: 'shell:port',
  /** Page to shell: what the native menu offers, see `menuSchema`. */
  commands: 'shell:commands',
  /** Shell to page: id of the command that was chosen in the menu. */
  command: 'shell:command',
  /** Page to shell: it has that command. */
  taken: 'shell:taken',
  /** Page to shell: opened files may come. */
  ready: 'shell:ready',
  /** Page to shell: ask the user for a file. */
  chooseFile: 'shell:choose-file',
  /** Shell to page: a file that the user opened, see `openedFileSchema`. */
  opened: 'shell:opened',
} as const;

/** The page finds its bridge under this name. */
export const bridgeName = 'fdscopeShell';
/** What the preload hands a port over with, in a message to its own window. */
export const portHandover = 'fdscope:port';
