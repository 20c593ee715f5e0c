/** How the window looks: screen, theme, panes. Kept between visits. */
import { useLocalStorage, useMediaQuery, useSessionStorage } from '@vueuse/core';
import { defineStore } from 'pinia';
import { computed, ref, watchEffect } from 'vue';
import type { ModelId } from '../../shared/catalogue.ts';

export const themes = ['system', 'dark', 'light'] as const;
export type Theme = (typeof themes)[number];

export const sideTabs = ['inspector', 'findings'] as const;
export type SideTab = (typeof sideTabs)[number];

export const screens = [
  'welcome',
  'lessons',
  'launch',
  'scenario',
  'editor',
  'scope',
  'compare',
  'sweep',
  'sockets',
  'sessions',
  'glossary',
  'doctor',
] as const;
export type Screen = (typeof screens)[number];

export const useUi = defineStore('ui', () => {
  const theme = useLocalStorage<Theme>('fdscope.theme', 'system');
  const prefersLight = useMediaQuery('(prefers-color-scheme: light)');
  const shownTheme = computed<'dark' | 'light'>(() =>
    theme.value === 'system' ? (prefersLight.value ? 'light' : 'dark') : theme.value,
  );
  watchEffect(() => {
    document.documentElement.dataset.theme = shownTheme.value;
  });

  // The tracks have the screen: all three come when they are asked for.
  const isBankOpen = useLocalStorage('fdscope.bankOpen', false);
  const isSourceOpen = useLocalStorage('fdscope.sourceOpen', false);
  const isSideOpen = useLocalStorage('fdscope.sideOpen', false);
  /** A window that is loaded anew is where it was; a new one begins at the scenarios. */
  const screen = useSessionStorage<Screen>('fdscope.screen', 'launch');
  if (!screens.includes(screen.value)) screen.value = 'launch';
  const paneSizes = useLocalStorage<Record<string, number[]>>('fdscope.panes', {});
  const sideTab = ref<SideTab>('inspector');
  /** Model beside the serving one in the source panel. */
  const comparedSource = ref<ModelId>();
  const isPaletteOpen = ref(false);
  const isHelpOpen = ref(false);
  /** Label of a setting that the Scope is to show. */
  const wantedSetting = ref<string>();
  const isAboutOpen = ref(false);

  function nextTheme(): void {
    theme.value = themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? 'system';
  }

  function showSide(tab: SideTab): void {
    sideTab.value = tab;
    isSideOpen.value = true;
  }

  return {
    theme,
    shownTheme,
    nextTheme,
    screen,
    isBankOpen,
    isSourceOpen,
    isSideOpen,
    paneSizes,
    sideTab,
    showSide,
    comparedSource,
    isPaletteOpen,
    isHelpOpen,
    wantedSetting,
    isAboutOpen,
  };
});
