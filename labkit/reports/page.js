// Unfolds all code at once, and everything for paper: what is folded away is not printed.

const sources = [...document.querySelectorAll("details.source")];
const button = document.getElementById("unfold");
const allOpen = () => sources.every((source) => source.open);

function name() {
  button.textContent = allOpen() ? "Fold long code" : "Unfold all code";
}

if (button) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const open = !allOpen();
    for (const source of sources) source.open = open;
    name();
  });
  for (const source of sources) source.addEventListener("toggle", name);
}

let unfolded = [];
addEventListener("beforeprint", () => {
  unfolded = [...document.querySelectorAll("details:not([open])")];
  for (const details of unfolded) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of unfolded) details.open = false;
});
