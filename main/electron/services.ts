/**
 * What serves the window's page: the lab, and what checks the page's messages. It is nearly all of the program, and a part of its
 * own, as a window can be shown without it: it is loaded while Chromium starts the page.
 */
import { z } from 'zod';
import { nothing } from '../../shared/contract/channels.ts';
import { shellChannels } from '../../shared/contract/shell-channels.ts';
import { menuSchema, type MenuCommand, type OpenedFile } from '../../shared/contract/shell.ts';
import { killAllEngines } from '../lab/engine-process.ts';
import { LabService } from '../lab/lab-service.ts';
import type { ElectronApi } from './api.ts';
import { openFile } from './opened-file.ts';
import { Mailbox, type Complain, type Sender } from './ipc.ts';
import { serveLab } from './lab-port.ts';

/**
 * What a second start hands to the first: files as `file:` addresses, which are ASCII whatever the names are.
 * Any program of this user can send it.
 */
const secondStartSchema = z.strictObject({ files: z.array(z.string().max(16_384)).max(100) });

/** What the page asks of the shell itself. */
export interface PageRequests {
  readonly showMenu: (commands: readonly MenuCommand[]) => void;
  /** The page has the command that was chosen in the menu. */
  readonly commandTaken: () => void;
  /** From here on the page takes opened files. */
  readonly takeFiles: (take: (file: OpenedFile) => void) => void;
  readonly chooseFile: () => void;
}

export class Services {
  readonly #lab: LabService;

  constructor(lab = new LabService()) {
    this.#lab = lab;
    // The page asks for it first, and the engine that answers is another process: it can begin now. A fault is told to who asks.
    lab.listModels().catch(() => undefined);
  }

  /** Answers the page from here on. */
  serve(electron: Pick<ElectronApi, 'ipcMain' | 'MessageChannelMain'>, complain: Complain, asked: PageRequests): void {
    const mailbox = new Mailbox(electron.ipcMain, complain);
    serveLab(electron, mailbox, this.#lab);
    mailbox.receive(shellChannels.commands, menuSchema, asked.showMenu);
    mailbox.receive(shellChannels.taken, nothing, asked.commandTaken);
    mailbox.receive(shellChannels.ready, nothing, (_nothing, { frame }: Sender) =>
      asked.takeFiles((file) => frame.send(shellChannels.opened, file)),
    );
    mailbox.receive(shellChannels.chooseFile, nothing, asked.chooseFile);
  }

  openFile(path: string): OpenedFile {
    return openFile(path, this.#lab);
  }

  /** Addresses of the files of a second start, or undefined where it is not understood. */
  filesOf(secondStart: unknown): readonly string[] | undefined {
    return secondStartSchema.safeParse(secondStart).data?.files;
  }

  /** No engine outlives the app: what could not be stopped is killed. */
  async close(): Promise<void> {
    await this.#lab.close().catch(() => undefined);
    killAllEngines();
  }
}
