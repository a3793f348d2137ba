/* What the book theme does not do. The pages read well without it. */

/* Paper is white: while a page is printed, it is in its light colours. */
matchMedia("print").addEventListener("change", (print) => {
  const root = document.documentElement;
  if (print.matches) root.dataset.screen = root.dataset.theme;
  root.dataset.theme = print.matches ? "light" : root.dataset.screen;
});

/* One button shows or folds all solutions of a page. */
document.addEventListener("DOMContentLoaded", () => {
  const solutions = [...document.querySelectorAll(".no-search > details")];
  if (!solutions.length) return;
  const allOpen = () => solutions.every((one) => one.open);
  const button = document.createElement("button");
  button.id = "fold-solutions";
  button.className = "btn btn-sm";
  const label = () => { button.textContent = allOpen() ? "Fold all solutions" : "Show all solutions"; };
  button.addEventListener("click", () => {
    const open = !allOpen();
    solutions.forEach((one) => { one.open = open; });
  });
  solutions.forEach((one) => one.addEventListener("toggle", label));
  document.querySelector("article.bd-article h1").after(button);
  label();
});
