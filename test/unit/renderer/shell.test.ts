import { mount } from '@vue/test-utils';
import { expect, it } from 'vitest';
import App from '../../../renderer/app/App.vue';

it('mounts', () => {
  expect(mount(App).text()).toContain('fdscope');
});
