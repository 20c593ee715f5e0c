export const noSandboxAsRoot = (): readonly string[] => (process.getuid?.() === 0 ? ['--no-sandbox'] : []);
