// Texts with a contrast below 4.5, each with its contrast. What cannot be used may be faint.
(() => {
  const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const paint = (colour) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    const [red, green, blue, opacity] = pen.getImageData(0, 0, 1, 1).data;
    return [[red, green, blue], opacity / 255];
  };
  const over = (below, [above, opacity]) => below.map((part, index) => above[index] * opacity + part * (1 - opacity));
  const ground = (node) => over(node.parentElement ? ground(node.parentElement) : [255, 255, 255], paint(getComputedStyle(node).backgroundColor));
  const light = (colour) => {
    const [red, green, blue] = colour.map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05;
  };
  const contrast = (node) => {
    const below = ground(node);
    const [dark, bright] = [light(below), light(over(below, paint(getComputedStyle(node).color)))].sort((one, other) => one - other);
    return bright / dark;
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const faint = [];
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    const text = texts.currentNode.data.trim();
    const exempt = node.closest(':disabled, [aria-disabled=true], .unseen, .skip, .hash.private') || !node.checkVisibility({ opacityProperty: true });
    if (text && !exempt && contrast(node) < 4.5) faint.push(`${text}: ${contrast(node).toFixed(2)}`);
  }
  return faint;
})()
