/** The caption of pictures of what is shown: of the session that is open, or of the live run. */
import { captionOf } from '../../shared/session/caption.ts';
import { useCatalogue } from './catalogue.ts';
import type { TelemetryHistory } from './history.ts';
import { useLab } from './lab.ts';
import { useReplay } from './sessions-replay.ts';

/** Empty where nobody knows the machine yet. */
export function useCaption(history: TelemetryHistory): () => string {
  const [catalogue, lab, replay] = [useCatalogue(), useLab(), useReplay()];
  return () => {
    const models = [...new Set(history.moments.models.map(({ model }) => model))];
    const { details } = replay;
    if (details) {
      const { settings, machine, started } = details.manifest;
      return captionOf({ models, settings, machine, wallMs: started.wallMs, version: machine.versions.fdscope });
    }
    const { machine } = catalogue;
    if (!machine) return '';
    return captionOf({ models, settings: lab.state.settings, machine, wallMs: Date.now(), version: machine.fdscope });
  };
}
