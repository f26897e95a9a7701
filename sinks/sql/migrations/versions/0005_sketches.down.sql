drop table sketches;
