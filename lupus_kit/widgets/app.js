const app = this.closest('.lupus-kit-app');
const finish = () => {
  app?.querySelectorAll('select, input, button, .noUi-handle').forEach(one =>
    one.setAttribute('data-lm-suppress-shortcuts', 'true'));
  app?.querySelectorAll('.widget-slider').forEach(one => one.querySelectorAll('.noUi-handle').forEach(handle =>
    handle.setAttribute('aria-label', one.querySelector('label')?.textContent ?? '')));
};
finish(); setTimeout(finish, 800);
