"use strict";
// Draws the charts whose data the page holds.
