/** The native menu: what the page offers as commands, and the few things that belong to the window itself. */
import type { MenuItemConstructorOptions } from 'electron/main';
import type { MenuCommand } from '../../shared/contract/shell.ts';

/** Names of keys that Electron has other words for. */
const keyWords: Readonly<Record<string, string>> = {
  Mod: 'CommandOrControl',
  ArrowUp: 'Up',
  ArrowDown: 'Down',
  ArrowLeft: 'Left',
  ArrowRight: 'Right',
  Escape: 'Esc',
};

/** What Electron takes as an accelerator; it throws at others, and a key that a menu cannot show is no reason to fail. */
const shownKeys = /^(?:(?:CommandOrControl|Alt|Shift)\+)*(?:[A-Z0-9,.?/=-]|F\d{1,2}|[A-Z][a-z]+(?:Up|Down)?)$/;

export function acceleratorOf(keys: string | undefined): string | undefined {
  // The plus sign itself is a key, too.
  const parts = keys?.split(/(?<=.)\+(?=.)/).map((key) => (key === '+' ? 'Plus' : (keyWords[key] ?? key)));
  const accelerator = parts?.join('+');
  return accelerator !== undefined && shownKeys.test(accelerator) ? accelerator : undefined;
}

/** Groups of these names have a place of their own; the others become menus between them. */
const ownGroups = { file: 'File', view: 'View', help: 'Help' } as const;

export interface MenuChoices {
  /** A command of the page was chosen. */
  readonly choose: (id: string) => void;
  readonly reload: () => void;
  /** Tools for those who work on fdscope itself. */
  readonly hasDeveloperTools: boolean;
}

const separator: MenuItemConstructorOptions = { type: 'separator' };

export function menuTemplate(commands: readonly MenuCommand[], choices: MenuChoices): MenuItemConstructorOptions[] {
  const itemsOf = (group: string): MenuItemConstructorOptions[] =>
    commands.filter((command) => command.group === group).map((command) => itemOf(command, choices));
  const closed = (items: MenuItemConstructorOptions[]): MenuItemConstructorOptions[] =>
    items.length > 0 ? [...items, separator] : [];
  const help = itemsOf(ownGroups.help);
  const own: readonly string[] = Object.values(ownGroups);
  const groups = [...new Set(commands.map(({ group }) => group))].filter((group) => !own.includes(group));
  return [
    { label: '&File', submenu: [...closed(itemsOf(ownGroups.file)), { role: 'quit' }] },
    { role: 'editMenu' },
    ...groups.map((group): MenuItemConstructorOptions => ({ label: group, submenu: itemsOf(group) })),
    {
      label: '&View',
      submenu: [
        ...closed(itemsOf(ownGroups.view)),
        { label: 'Load the page again', click: () => choices.reload() },
        ...(choices.hasDeveloperTools ? [{ role: 'toggleDevTools' } as const] : []),
        separator,
        // The page's own plus and minus zoom its tracks.
        ...(['resetZoom', 'zoomIn', 'zoomOut'] as const).map((role) => ({ role })),
        separator,
        { role: 'togglefullscreen' },
      ],
    },
    // The page has an About of its own, with more in it; where there is no page, Electron's is better than none.
    { label: '&Help', submenu: help.length > 0 ? help : [{ role: 'about' }] },
  ];
}

function itemOf({ id, title, keys, enabled }: MenuCommand, { choose }: MenuChoices): MenuItemConstructorOptions {
  const accelerator = acceleratorOf(keys);
  return {
    // An ampersand would mark the letter after it.
    label: title.replaceAll('&', '&&'),
    enabled,
    click: () => choose(id),
    // Shown, not taken: a letter that is typed into a field is the field's, which only the page can know.
    ...(accelerator === undefined ? {} : { accelerator, registerAccelerator: false }),
  };
}
