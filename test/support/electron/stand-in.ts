/**
 * The module `electron` for a packaged main bundle that runs under plain Node: the double, and a page that uses the lab
 * as the app's own page does. Prints what it saw as JSON, and quits.
 */
import type { MessagePort } from 'node:worker_threads';
import { LabClient } from '../../../shared/contract/client.ts';
import { portWire } from '../../../shared/contract/port-wire.ts';
import { shellChannels } from '../../../shared/contract/shell-channels.ts';
import { liveSettingsSchema } from '../../../shared/contract/live.ts';
import { ElectronDouble } from './double.ts';
import { nodePort } from './page-port.ts';

const double = new ElectronDouble();
double.app.isPackaged = true;
double.app.on('quit', (_event, code: number) => process.exit(code));

async function lookIn(): Promise<void> {
  const { page } = double.window.webContents;
  // A page asks when its script has come, which is when there is somebody to answer.
  await double.protocol.fetch(new URL('script.js', double.window.webContents.getURL()).href);
  const port = await new Promise<MessagePort>((resolve) => {
    page.once(shellChannels.port, ({ ports }: { ports: readonly MessagePort[] }) => ports[0] && resolve(ports[0]));
    page.send(shellChannels.connect);
  });
  const client = new LabClient(portWire(nodePort(port)));
  let frameBytes = 0;
  client.onFrames((_source, frames) => (frameBytes += frames.length));
  const machine = await client.request('lab.machine');
  const cards = await client.request('scenarios.list');
  const source = await client.request('models.source', { model: 'epoll-lt' });
  const nodeSource = await client.request('models.source', { model: 'node' });
  const settings = liveSettingsSchema.parse({
    server: { model: 'epoll-lt', protocol: 'http', handler: 'respond' },
    ...{ connections: 4, clients: [{ profile: 'closed' }], pin: false },
  });
  await client.request('live.start', settings);
  const report = await client.request('live.switch', { model: 'node', options: {} });
  await client.request('live.stop');
  const { status } = await double.protocol.fetch(double.window.webContents.getURL());
  const seen = {
    ...{ host: machine.host, version: machine.fdscope, scenarios: cards.length, pageStatus: status, frameBytes },
    ...{ sourceLines: source.text.split('\n').length, nodeSourceLines: nodeSource.text.split('\n').length },
    ...{ switchedTo: report.model, errors: double.dialog.errors },
  };
  console.log(JSON.stringify(seen));
  double.app.quit();
}

double.app.once('web-contents-created', () => {
  // The window's address is set when its page has been answered.
  const poll = setInterval(() => {
    if (double.window.webContents.getURL() === '') return;
    clearInterval(poll);
    lookIn().catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  }, 10);
});

export default double.api;
