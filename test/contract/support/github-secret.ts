export const SECRET = "It's a Secret to Everybody";
