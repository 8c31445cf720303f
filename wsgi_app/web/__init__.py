"""What any endpoint needs of HTTP: from the boundary and the route table to forms, uploads and answers."""
