/** A place that can be reached and has an engine: engines are started there, and its clock is known. */
import type { PlaceSettings } from '../../../shared/schemas/places.ts';
import { wireVersion } from '../../../shared/telemetry/wire.ts';
import type { Command } from '../engine-location.ts';
import { LabError, sentenceOf } from '../errors.ts';
import { labNowNs, PlaceClock, type ClockOffset } from './clock.ts';
import { deliverEngine, type Delivered } from './engine-delivery.ts';
import { launch, whereText } from './launch.ts';
import { PlaceLink, type Hello, type Reach } from './place-link.ts';
import { whyUnreachable } from './place-words.ts';

const firstTrips = 10;
const tripEveryMs = 1000;

export class OpenPlace {
  readonly name: string;
  readonly settings: PlaceSettings;
  readonly hello: Hello;
  readonly delivered: Delivered;
  readonly clock = new PlaceClock();
  readonly #link: PlaceLink;
  #timer: NodeJS.Timeout | undefined;

  private constructor(name: string, settings: PlaceSettings, delivered: Delivered, link: PlaceLink, hello: Hello) {
    this.name = name;
    this.settings = settings;
    this.delivered = delivered;
    this.#link = link;
    this.hello = hello;
  }

  /** Throws LabError with what to do; then nothing is left running. */
  static async open(name: string, settings: PlaceSettings, signal?: AbortSignal): Promise<OpenPlace> {
    const delivered = await deliverEngine(name, settings, signal);
    const link = new PlaceLink(launch(settings, [delivered.engine, 'place']));
    try {
      const hello = await link.hello();
      if (hello.wireVersion !== wireVersion) {
        throw new LabError(
          'failed',
          `The engine at the place ${name} (${delivered.engine}) speaks version ${hello.wireVersion} of the frames, and this fdscope version ${wireVersion}: put the engine of this version there.`,
        );
      }
      const place = new OpenPlace(name, settings, delivered, link, hello);
      for (let i = 0; i < firstTrips; i++) place.clock.add(await link.clock());
      place.#timer = setInterval(() => void place.#look(), tripEveryMs);
      place.#timer.unref();
      return place;
    } catch (error) {
      await link.close();
      if (error instanceof LabError && error.message.startsWith('The engine at')) throw error;
      const why = whyUnreachable(settings, link.said, sentenceOf(error));
      throw new LabError('failed', `The engine does not run at the place ${name} (${delivered.engine}): ${why}.`);
    }
  }

  get where(): string {
    return whereText(this.settings);
  }

  /** What starts the engine there. */
  command(args: readonly string[]): Command {
    return launch(this.settings, [this.delivered.engine, ...args]);
  }

  /** What its clock says at a moment of the lab's, in ns. */
  timeThere(labNs: number): number {
    return Math.round(labNs + this.#offset(labNs).offsetNs);
  }

  /** The moment of the lab's clock at which its clock says so, in ns. */
  timeHere(placeNs: number): number {
    return placeNs - this.#offset(labNowNs()).offsetNs;
  }

  /** Throws LabError. */
  async reach(address: string, limitMs: number): Promise<Reach> {
    try {
      return await this.#link.reach(address, limitMs);
    } catch (error) {
      throw new LabError('failed', `The place ${this.name} was lost: ${sentenceOf(error)}.`);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#link.close();
  }

  #offset(labNs: number): ClockOffset {
    return this.clock.at(labNs) ?? { offsetNs: 0, boundNs: Infinity };
  }

  async #look(): Promise<void> {
    try {
      this.clock.add(await this.#link.clock());
    } catch {
      clearInterval(this.#timer); // it has gone; whoever has an engine there is told by that one
    }
  }
}
