/* One button that shows or folds all solutions of a page; without it each can be opened by itself. */
document.addEventListener("DOMContentLoaded", () => {
  const solutions = [...document.querySelectorAll(".no-search > details")];
  if (!solutions.length) return;
  const button = document.createElement("button");
  button.id = "fold-solutions";
  button.className = "btn btn-sm btn-outline-secondary";
  const name = () => { button.textContent = solutions.every((one) => one.open) ? "Fold all solutions" : "Show all solutions"; };
  button.addEventListener("click", () => {
    const open = !solutions.every((one) => one.open);
    solutions.forEach((one) => { one.open = open; });
  });
  solutions.forEach((one) => one.addEventListener("toggle", name));
  document.querySelector("article.bd-article h1").after(button);
  name();
});
