/** Why a model cannot be switched to now, in a sentence with what would change that; undefined where it can. */
import type { ModelInfo } from '../../shared/catalogue.ts';

export function unavailableBecause(model: ModelInfo): string | undefined {
  if (model.available) return undefined;
  const reason = sentence(model.reason ?? 'This machine cannot run it');
  return model.enable === undefined ? reason : `${reason} To enable it: ${model.enable}`;
}

const sentence = (text: string): string => {
  // Names such as io_uring and errno keep their letters.
  const begun = /^[a-z]+(\s|$)/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
};

/** The keys of the channels, in the order of the bank: digits first, then digits with Shift. */
export function channelKey(index: number): string | undefined {
  const digits = '1234567890';
  if (index < digits.length) return digits[index];
  const shifted = digits[index - digits.length];
  return shifted === undefined ? undefined : `Shift+${shifted}`;
}
