/** Who served in a session. */
import { externalId } from '../catalogue.ts';
import type { Manifest } from './manifest.ts';
import { modelsOf, type Overview } from './overview.ts';

/** Settings are kept as they were written, by whatever version. */
function settingsModel({ server }: Manifest['settings']): unknown {
  return typeof server === 'object' && server !== null && 'model' in server ? server.model : undefined;
}

/** In the order in which each first did. Sessions of earlier versions have no frame of a server of the user's own. */
export function servedBy({ settings }: Pick<Manifest, 'settings'>, overview: Overview): string[] {
  const models = modelsOf(overview);
  return models.length === 0 && settingsModel(settings) === externalId ? [externalId] : models;
}
