/** The lab over a port: the wire at both ends, and a page that connects through the shell. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { exposeBridge } from '../../main/electron/page/bridge.ts';
import { LabClient } from '../../shared/contract/client.ts';
import { portWire } from '../../shared/contract/port-wire.ts';
import { bridgeName, portHandover, shellChannels } from '../../shared/contract/shell-channels.ts';
import type { ShellBridge } from '../../shared/contract/shell.ts';
import type { Wire } from '../../shared/contract/wire.ts';
import { nodePort } from '../support/electron/page-port.ts';
import { Account, countOf, patienceFor } from '../support/fuzz/counts.ts';
import { guardedLab } from '../support/fuzz/guarded-lab.ts';
import { oddMessage, sendMessages } from '../support/fuzz/messages.ts';
import { rawPort } from '../support/fuzz/ports.ts';
import { Random, seedOf } from '../support/fuzz/random.ts';
import { startedShell, type StartedShell } from '../support/electron/started.ts';

function wires(): { readonly near: Wire; readonly far: Wire; readonly raw: MessagePort } {
  const { port1, port2 } = new MessageChannel();
  return { near: portWire(nodePort(port1)), far: portWire(nodePort(port2)), raw: port2 };
}

describe('a port as a wire', () => {
  it('carries text and bytes, whole and in order', async () => {
    const { near, far } = wires();
    const come: (string | Uint8Array)[] = [];
    far.onMessage((message) => come.push(message));
    near.send('text');
    near.send(Uint8Array.of(1, 2, 3));
    await vi.waitFor(() => expect(come).toEqual(['text', Uint8Array.of(1, 2, 3)]));
    near.close('');
  });

  it('tells the reason of an end to both sides, once, and loses what is sent after it', async () => {
    const { near, far } = wires();
    const ends: string[] = [];
    const come: unknown[] = [];
    near.onClosed((reason) => ends.push(`near: ${reason}`));
    far.onClosed((reason) => ends.push(`far: ${reason}`));
    near.onMessage(() => {});
    far.onMessage((message) => come.push(message));
    near.close('enough');
    // Whoever closes goes on before it hears of the end.
    expect(ends).toEqual([]);
    near.send('late');
    near.close('again');
    await vi.waitFor(() => expect(ends.sort()).toEqual(['far: enough', 'near: enough']));
    expect(come).toEqual([]);
  });

  it('ends with the other side, which may be gone without a word', async () => {
    const { near, raw } = wires();
    const ended = vi.fn();
    near.onClosed(ended);
    near.onMessage(() => {});
    raw.close();
    await vi.waitFor(() => expect(ended.mock.calls).toEqual([['']]));
  });

  it('ends at what is neither text nor bytes', async () => {
    const { near, raw } = wires();
    const ended = vi.fn();
    const come = vi.fn();
    near.onClosed(ended);
    near.onMessage(come);
    raw.postMessage({ type: 'request' });
    await vi.waitFor(() => expect(ended.mock.calls).toEqual([['A message was neither text nor bytes.']]));
    expect(come).not.toHaveBeenCalled();
  });
});

/** The preload's bridge in the shell's window, and the ports that it hands to the page. */
function preload({ electron }: StartedShell): { readonly bridge: ShellBridge; readonly ports: MessagePort[] } {
  const { page } = electron.window.webContents;
  const exposed: Record<string, unknown> = {};
  const ports: MessagePort[] = [];
  const renderer = {
    contextBridge: { exposeInMainWorld: (key: string, api: unknown) => (exposed[key] = api) },
    ipcRenderer: {
      on: (channel: string, listener: (...args: unknown[]) => void) => page.on(channel, listener),
      send: (channel: string, ...args: unknown[]) => page.send(channel, args),
    },
  };
  const postMessage = (message: unknown, origin: string, transfer: MessagePort[]): void => {
    expect([message, origin]).toEqual([portHandover, '/']);
    ports.push(...transfer);
  };
  exposeBridge(renderer as unknown as Parameters<typeof exposeBridge>[0], { postMessage });
  return { bridge: exposed[bridgeName] as ShellBridge, ports };
}

describe('the bridge', () => {
  it('has verbs only, each for one thing', async () => {
    const { bridge } = preload(await startedShell());
    expect(Object.keys(bridge).sort()).toEqual(['chooseFile', 'connect', 'offerCommands', 'onCommand', 'onOpened']);
  });

  it('connects a page with the lab; one that connects anew has left its earlier wire', async () => {
    const shell = await startedShell();
    const { bridge, ports } = preload(shell);
    const connect = (): LabClient => {
      bridge.connect();
      const port = ports.pop();
      if (!port) throw new Error('no port was handed over');
      return new LabClient(portWire(nodePort(port)));
    };
    const first = connect();
    expect((await first.request('live.state')).phase).toBe('idle');
    expect((await first.request('lab.machine')).host).toBe('electron');
    const lost = vi.fn();
    first.onClosed(lost);
    const second = connect();
    await vi.waitFor(() => expect(lost.mock.calls).toEqual([['The window has connected anew.']]));
    expect((await second.request('live.state')).phase).toBe('idle');
    second.close();
  });

  it('refuses a request that is not of the contract', async () => {
    const shell = await startedShell();
    const { bridge, ports } = preload(shell);
    bridge.connect();
    const [port] = ports;
    const heard: unknown[] = [];
    port?.on('message', (message) => heard.push(message));
    port?.postMessage('{"type":"exec"}');
    await vi.waitFor(() => expect(JSON.stringify(heard.at(-1))).toMatch(/^\{"closed":".*not one of the contract/));
  });

  it('passes commands and files on', async () => {
    const shell = await startedShell({ args: ['gone.fdscope'] });
    const { bridge } = preload(shell);
    const chosen: string[] = [];
    const files: unknown[] = [];
    bridge.onCommand((id) => chosen.push(id));
    bridge.onOpened((file) => files.push(file));
    shell.electron.window.webContents.send(shellChannels.command, 'lab.toggle');
    expect(chosen).toEqual(['lab.toggle']);
    expect(files).toMatchObject([{ kind: 'refused' }]);
    bridge.offerCommands([{ id: 'lab.toggle', title: 'Run', group: 'Lab', enabled: true }]);
    expect(shell.electron.menu.submenu('Lab')).toHaveLength(1);
  });
});

describe('messages at random over the port', () => {
  const seed = seedOf(process.env.FDSCOPE_FUZZ_SEED);

  const count = countOf('FDSCOPE_FUZZ_MESSAGES', 2000);

  it(`are answered, or end the one wire: ${count} (seed ${seed})`, { timeout: patienceFor(count, 100) }, async () => {
    const random = new Random(seed);
    const { electron, complaints } = await startedShell();
    const guarded = guardedLab('electron');
    onTestFinished(() => guarded.end());
    let served = 0;
    const account = new Account();
    const counts = await sendMessages(random, count, () => {
      served++;
      return Promise.resolve(rawPort(guarded));
    });
    account.end('FDSCOPE_FUZZ_MESSAGES', counts);
    expect(counts.results, 'some are as they should be, by chance').toBeGreaterThan(5);
    expect(counts.faults).toBeGreaterThan(100);
    expect(counts.ended).toBeGreaterThan(5);
    // As many, where the last message of all ended its wire.
    expect(served).toBeGreaterThanOrEqual(counts.ended);
    // What is neither text nor bytes, and what is nearly a farewell.
    for (const odd of [null, 1, {}, [], { closed: 1 }, new Uint8Array(9), new Map(), { closed: 'x'.repeat(1e6) }]) {
      const wire = rawPort(guarded);
      const ended = vi.fn();
      wire.onMessage(() => {});
      wire.onClosed(ended);
      wire.raw.postMessage(odd);
      await vi.waitFor(() => expect(ended).toHaveBeenCalled());
    }
    // And over the shell's own channels, from its page.
    const { page } = electron.window.webContents;
    for (let i = 0; i < 300; i++) {
      const channel = random.pick(Object.values(shellChannels));
      page.send(channel, random.isOnce(2) ? [JSON.parse(oddJson(random)) as unknown] : [random.bytes(9), null]);
    }
    expect(complaints.length).toBeGreaterThan(100);
    expect(complaints.every((sentence) => sentence.includes('was refused'))).toBe(true);
  });
});

const oddJson = (random: Random): string => {
  const { text, endsWire } = oddMessage(random, 1);
  return endsWire ? '{}' : text;
};
